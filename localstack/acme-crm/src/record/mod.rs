//! A contact in the CRM's form. What it doesn't know it keeps.

mod check;
mod normalise;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::problem::{Fault, Problem};
use crate::time;

pub(crate) use check::check;
pub(crate) use normalise::normalise;

const ID: &str = "id";
const CREATED: &str = "acme_created_at";
const UPDATED: &str = "acme_updated_at";
const VERSION: &str = "acme_version";
const EXTERNAL_ID: &str = "acme_external_id";
const EMAIL: &str = "acme_email";

/// What the CRM alone sets. In a body it is accepted and ignored, so that what was read can be edited and sent back; of
/// the version it is first checked that it is the current one.
const OWN: [&str; 3] = [ID, UPDATED, VERSION];

/// A contact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Record(Map<String, Value>);

/// The members of a request's body.
#[derive(Debug, Clone)]
pub(crate) struct Members(Map<String, Value>);

impl Record {
    /// A new one.
    pub(crate) fn new(members: Members) -> Self {
        let now = time::after(None);
        let mut record = Self(Map::new());
        record.merge(members);
        record.0.insert(ID.to_owned(), format!("ac_{}", Uuid::now_v7().simple()).into());
        record.0.entry(CREATED).or_insert_with(|| time::text(now).into());
        record.0.insert(UPDATED.to_owned(), time::text(now).into());
        record.0.insert(VERSION.to_owned(), 1.into());
        record
    }

    /// These members and no others, but for what stays unless it is given.
    pub(crate) fn replace(&mut self, members: Members) {
        let stays = [ID, CREATED, UPDATED, VERSION, EXTERNAL_ID];
        self.0.retain(|name, _| stays.contains(&name.as_str()));
        self.merge(members);
    }

    /// Sets the members given, each as a whole. One that is null is removed, but the time of creation can't be.
    pub(crate) fn merge(&mut self, Members(members): Members) {
        for (name, value) in members {
            if !value.is_null() {
                self.0.insert(name, value);
            } else if name != CREATED {
                self.0.remove(&name);
            }
        }
    }

    /// Notes that it has changed.
    pub(crate) fn touch(&mut self) {
        self.0.insert(UPDATED.to_owned(), time::text(time::after(self.updated())).into());
        self.0.insert(VERSION.to_owned(), (self.version() + 1).into());
    }

    pub(crate) fn id(&self) -> &str {
        self.text(ID).unwrap_or_default()
    }

    pub(crate) fn version(&self) -> u64 {
        self.0.get(VERSION).and_then(Value::as_u64).unwrap_or(0)
    }

    pub(crate) fn updated(&self) -> Option<Timestamp> {
        self.text(UPDATED).and_then(time::parse)
    }

    pub(crate) fn external_id(&self) -> Option<&str> {
        self.text(EXTERNAL_ID)
    }

    /// As one looks for it: case makes no difference.
    pub(crate) fn email(&self) -> Option<String> {
        self.text(EMAIL).map(str::to_lowercase)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }
}

impl Members {
    /// Reads a body, and the version that it expects.
    pub(crate) fn read(body: &[u8]) -> Result<(Self, Option<u64>), Problem> {
        let value: Value = serde_json::from_slice(body).map_err(|error| Problem::Malformed(error.to_string()))?;
        let Value::Object(mut members) = value else {
            return Err(Problem::Malformed("The body must be an object.".to_owned()));
        };
        let version = match members.get(VERSION) {
            None | Some(Value::Null) => None,
            Some(value) => Some(value.as_u64().ok_or_else(|| {
                Problem::Invalid(vec![Fault { field: VERSION.to_owned(), message: "must be a whole number" }])
            })?),
        };
        members.retain(|name, _| !OWN.contains(&name.as_str()));
        Ok((Self(members), version))
    }
}
