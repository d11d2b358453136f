//! Reading JSON and noting *every* fault, each with its place.
//!
//! `serde` stops at the first fault, so bodies are read as a [`Value`] first and then taken apart here.

use serde_json::{Map, Value};

use crate::error::{Error, Fault, Result};

/// What reading depends on besides the value itself.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The region (ISO 3166 alpha-2) that phone numbers without a country code belong to.
    pub phone_region: String,
}

/// A reading under way: the rules, where we are, and the faults so far.
#[derive(Debug)]
pub struct Reading<'r> {
    rules: &'r Rules,
    pointer: String,
    faults: Vec<Fault>,
}

/// A value that can be read from JSON. `None` means that a fault was noted.
pub trait Read: Sized {
    /// Reads it, noting every fault.
    fn read(value: Value, reading: &mut Reading) -> Option<Self>;

    /// Whether the value is one that means "absent": for text, a blank one.
    fn is_absent(value: &Value) -> bool {
        value.is_null()
    }
}

/// Reads a whole body; all faults come back together.
pub fn read<T: Read>(value: Value, rules: &Rules) -> Result<T> {
    let mut reading = Reading { rules, pointer: String::new(), faults: Vec::new() };
    match T::read(value, &mut reading) {
        Some(read) if reading.faults.is_empty() => Ok(read),
        _ => Err(Error::Invalid(reading.faults)),
    }
}

impl<'r> Reading<'r> {
    /// The faults that a check of something already read finds.
    pub(super) fn noting(rules: &'r Rules, check: impl FnOnce(&mut Self)) -> Vec<Fault> {
        let mut reading = Self { rules, pointer: String::new(), faults: Vec::new() };
        check(&mut reading);
        reading.faults
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        self.rules
    }

    /// Notes a fault here. Always `None`, so that a reader can end with it.
    pub fn fault<T>(&mut self, code: &'static str, detail: impl Into<String>) -> Option<T> {
        self.faults.push(Fault { pointer: self.pointer.clone(), code, detail: detail.into() });
        None
    }

    /// Reads something whose faults are its own and no one else's.
    pub fn apart<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, Vec<Fault>> {
        let before = self.faults.len();
        let read = read(self);
        let own = self.faults.split_off(before);
        read.filter(|_| own.is_empty()).ok_or(own)
    }

    /// Goes one step down, to a member or an element, and back.
    pub fn at<T>(&mut self, step: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.pointer.len();
        self.pointer.push('/');
        // RFC 6901, section 3
        self.pointer.push_str(&step.replace('~', "~0").replace('/', "~1"));
        let result = read(self);
        self.pointer.truncate(length);
        result
    }

    /// The members of the object that must be here.
    pub fn object(&mut self, value: Value) -> Option<Map<String, Value>> {
        match value {
            Value::Object(members) => Some(members),
            _ => self.fault("type", "must be an object"),
        }
    }

    /// Takes a member that must be there.
    pub fn required<T: Read>(&mut self, members: &mut Map<String, Value>, name: &str) -> Option<T> {
        self.at(name, |here| match members.remove(name) {
            None | Some(Value::Null) => here.fault("required", "must be given"),
            Some(value) if T::is_absent(&value) => here.fault("blank", "must not be blank"),
            Some(value) => T::read(value, here),
        })
    }

    /// Takes a member that may be absent. The outer `None` means that a fault was noted.
    pub fn optional<T: Read>(&mut self, members: &mut Map<String, Value>, name: &str) -> Option<Option<T>> {
        match members.remove(name) {
            None => Some(None),
            Some(value) if T::is_absent(&value) => Some(None),
            Some(value) => self.at(name, |here| T::read(value, here)).map(Some),
        }
    }

    /// Drops members that only we set, so that what was read can be edited and sent back.
    pub fn ignore(members: &mut Map<String, Value>, names: &[&str]) {
        for name in names {
            members.remove(*name);
        }
    }

    /// Whatever is left is unknown: a misspelt member must not be lost in silence.
    pub fn finish(&mut self, members: &Map<String, Value>) {
        for name in members.keys() {
            self.at(name, |here| here.fault::<()>("unknown", "is not a known member"));
        }
    }
}

/// The version that the caller believes to be the current one.
impl Read for i32 {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        match value.as_i64().and_then(|number| Self::try_from(number).ok()) {
            Some(version) if version > 0 => Some(version),
            _ => reading.fault("type", "must be a whole number from 1"),
        }
    }
}

impl Read for bool {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        match value {
            Value::Bool(flag) => Some(flag),
            _ => reading.fault("type", "must be true or false"),
        }
    }
}
