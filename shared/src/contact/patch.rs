//! Partial changes: JSON Merge Patch (RFC 7396) with its three states in the type.

use serde_json::{Map, Value};

use super::profile::{OURS, Profile};
use super::reading::{Read, Reading, Rules};
use super::{AddressPatch, CustomFieldsPatch, Email, Note, Phone, Status, Tags, Text};
use crate::error::{Error, Result};

/// What a patch says of one member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Nothing: it stays.
    #[default]
    Keep,
    /// `null` (or blank text): it goes.
    Remove,
    /// It becomes this.
    Set(T),
}

/// A partial change of a contact. What must always be there has only two states.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ContactPatch {
    pub first_name: Option<Text<100>>,
    pub last_name: Option<Text<100>>,
    pub email: Option<Email>,
    pub phone: Patch<Phone>,
    pub company: Patch<Text<200>>,
    pub title: Patch<Text<200>>,
    pub address: Patch<AddressPatch>,
    pub notes: Patch<Note<2000>>,
    pub status: Patch<Status>,
    pub tags: Patch<Tags>,
    pub custom_fields: Patch<CustomFieldsPatch>,
    /// The version the caller believes to be changing, if it said.
    pub version: Option<i32>,
}

impl<T: Clone> Patch<T> {
    /// An optional member after the change.
    pub fn optional(&self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Remove => None,
            Self::Set(value) => Some(value.clone()),
        }
    }

    /// A member that has a default, after the change.
    fn or_default(&self, before: &T) -> T
    where
        T: Default,
    {
        self.optional(Some(before.clone())).unwrap_or_default()
    }
}

impl ContactPatch {
    /// The profile after the change. Faults are those that only the whole can have: too many fields, too large.
    pub fn apply(&self, before: &Profile, rules: &Rules) -> Result<Profile> {
        let after = Profile {
            first_name: self.first_name.clone().unwrap_or_else(|| before.first_name.clone()),
            last_name: self.last_name.clone().unwrap_or_else(|| before.last_name.clone()),
            email: self.email.clone().unwrap_or_else(|| before.email.clone()),
            phone: self.phone.optional(before.phone.clone()),
            company: self.company.optional(before.company.clone()),
            title: self.title.optional(before.title.clone()),
            address: match &self.address {
                Patch::Keep => before.address.clone(),
                Patch::Remove => None,
                Patch::Set(change) => change.apply(before.address.as_ref()),
            },
            notes: self.notes.optional(before.notes.clone()),
            status: self.status.or_default(&before.status),
            tags: self.tags.or_default(&before.tags),
            custom_fields: match &self.custom_fields {
                Patch::Keep => before.custom_fields.clone(),
                Patch::Remove => super::CustomFields::default(),
                Patch::Set(change) => change.apply(&before.custom_fields),
            },
        };
        let faults = Reading::noting(rules, |reading| {
            reading.at("customFields", |here| after.custom_fields.check(here));
            after.check(reading);
        });
        if faults.is_empty() { Ok(after) } else { Err(Error::Invalid(faults)) }
    }
}

impl Reading<'_> {
    /// Takes a member of a merge patch. `None` means that a fault was noted.
    pub fn patch<T: Read>(&mut self, members: &mut Map<String, Value>, name: &str) -> Option<Patch<T>> {
        match members.remove(name) {
            None => Some(Patch::Keep),
            Some(value) if T::is_absent(&value) => Some(Patch::Remove),
            Some(value) => self.at(name, |here| T::read(value, here)).map(Patch::Set),
        }
    }

    /// Takes a member of a merge patch that can't be removed.
    #[expect(clippy::option_option, reason = "the outer is the reading's outcome, the inner the member's presence")]
    fn change<T: Read>(&mut self, members: &mut Map<String, Value>, name: &str) -> Option<Option<T>> {
        if members.contains_key(name) { self.required(members, name).map(Some) } else { Some(None) }
    }
}

impl Read for ContactPatch {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let mut members = reading.object(value)?;
        Reading::ignore(&mut members, OURS);
        let version = reading.optional(&mut members, "version");
        let first_name = reading.change(&mut members, "firstName");
        let last_name = reading.change(&mut members, "lastName");
        let email = reading.change(&mut members, "email");
        let phone = reading.patch(&mut members, "phone");
        let company = reading.patch(&mut members, "company");
        let title = reading.patch(&mut members, "title");
        let address = reading.patch(&mut members, "address");
        let notes = reading.patch(&mut members, "notes");
        let status = reading.patch(&mut members, "status");
        let tags = reading.patch(&mut members, "tags");
        let custom_fields = reading.patch(&mut members, "customFields");
        reading.finish(&members);
        Some(Self {
            first_name: first_name?,
            last_name: last_name?,
            email: email?,
            phone: phone?,
            company: company?,
            title: title?,
            address: address?,
            notes: notes?,
            status: status?,
            tags: tags?,
            custom_fields: custom_fields?,
            version: version?,
        })
    }
}
