//! A contact as fields that are compared and merged one by one.
//!
//! A field is a member of the profile in JSON. An address is one field, since a CRM may have it in one line; each custom
//! field is a field of its own, `customFields/<name>`. What is absent is not there.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::contact::reading::{Rules, read};
use crate::contact::{NewContact, Profile};
use crate::error::Result;

const CUSTOM: &str = "customFields";

/// A profile, field by field.
#[derive(Debug, Clone, PartialEq)]
pub struct Fields(BTreeMap<String, Value>);

impl Fields {
    /// The fields of a profile.
    pub fn of(profile: &Profile) -> Self {
        let mut fields = BTreeMap::new();
        let Ok(Value::Object(members)) = serde_json::to_value(profile) else {
            return Self(fields);
        };
        for (name, value) in members {
            match value {
                Value::Object(custom) if name == CUSTOM => {
                    fields.extend(custom.into_iter().map(|(name, value)| (format!("{CUSTOM}/{name}"), value)));
                }
                value => drop(fields.insert(name, value)),
            }
        }
        Self(fields)
    }

    /// The profile that these fields make. Faults are those that only the whole can have: something that must be there
    /// is missing, there are too many, it is too large.
    pub fn into_profile(self, rules: &Rules) -> Result<Profile> {
        let (mut members, mut custom) = (Map::new(), Map::new());
        for (name, value) in self.0 {
            match name.strip_prefix(CUSTOM).and_then(|rest| rest.strip_prefix('/')) {
                Some(name) => custom.insert(name.to_owned(), value),
                None => members.insert(name, value),
            };
        }
        members.insert(CUSTOM.to_owned(), Value::Object(custom));
        read::<NewContact>(Value::Object(members), rules).map(|new| new.profile)
    }

    /// A field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Sets a field, or takes it away.
    pub fn set(&mut self, name: &str, value: Option<&Value>) {
        match value {
            Some(value) => self.0.insert(name.to_owned(), value.clone()),
            None => self.0.remove(name),
        };
    }

    /// The names of all fields that differ between the two.
    pub fn differing<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a str> {
        let gone = other.0.keys().filter(|name| !self.0.contains_key(*name));
        let differs = |(name, value): &(&'a String, &Value)| other.0.get(*name) != Some(*value);
        self.0.iter().filter(differs).map(|(name, _)| name).chain(gone).map(String::as_str)
    }
}
