//! Reading JSON and noting *every* fault, each with its place.
//!
//! `serde` stops at the first fault, so bodies are read as a [`Value`] first and then taken apart here.

use std::mem;

use serde_json::{Map, Value};

use super::plain_number;
use crate::error::{Error, Fault, Result};

/// What reading depends on besides the value itself.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The region (ISO 3166 alpha-2) that phone numbers without a country code belong to.
    pub phone_region: String,
}

/// What is told of faults has about so many bytes. A body of some kilobytes can be made to have more to tell than fits into
/// memory, let alone an answer.
const MAX_TOLD: usize = 2 * 1024 * 1024;

/// A member's name is told up to so many characters.
const MAX_STEP: usize = 200;

/// A reading under way: the rules, where we are, and the faults so far.
#[derive(Debug)]
pub struct Reading<'r> {
    rules: &'r Rules,
    pointer: String,
    faults: Vec<Fault>,
    /// Whether there were faults, told or not.
    faulty: bool,
    /// How many bytes may yet be told.
    left: usize,
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
    let mut reading = Reading::begin(rules);
    match T::read(value, &mut reading) {
        Some(read) if !reading.faulty => Ok(read),
        _ => Err(Error::Invalid(reading.faults)),
    }
}

impl<'r> Reading<'r> {
    /// The faults that a check of something already read finds.
    pub(super) fn noting(rules: &'r Rules, check: impl FnOnce(&mut Self)) -> Vec<Fault> {
        let mut reading = Self::begin(rules);
        check(&mut reading);
        reading.faults
    }

    fn begin(rules: &'r Rules) -> Self {
        Self { rules, pointer: String::new(), faults: Vec::new(), faulty: false, left: MAX_TOLD }
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        self.rules
    }

    /// Notes a fault here. Always `None`, so that a reader can end with it.
    pub fn fault<T>(&mut self, code: &'static str, detail: impl Into<String>) -> Option<T> {
        self.faulty = true;
        let detail = detail.into();
        // Beside the two texts there are the names of the members.
        let size = self.pointer.len() + detail.len() + 64;
        match self.left.checked_sub(size) {
            Some(left) => {
                self.left = left;
                self.faults.push(Fault { pointer: self.pointer.clone(), code, detail });
            }
            None if self.left > 0 => {
                self.left = 0;
                self.faults.push(self.too_many());
            }
            None => {}
        }
        None
    }

    /// Reads something whose faults are its own and no one else's.
    pub fn apart<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, Vec<Fault>> {
        let (before, faulty) = (self.faults.len(), mem::replace(&mut self.faulty, false));
        let read = read(self);
        let mut own = self.faults.split_off(before);
        if mem::replace(&mut self.faulty, faulty) && own.is_empty() {
            own.push(self.too_many());
        }
        read.filter(|_| own.is_empty()).ok_or(own)
    }

    fn too_many(&self) -> Fault {
        let detail = "has faults, of which there are too many to tell all".to_owned();
        Fault { pointer: self.pointer.clone(), code: "too_many_faults", detail }
    }

    /// Goes one step down, to a member or an element, and back.
    pub fn at<T>(&mut self, step: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.pointer.len();
        self.pointer.push('/');
        match step.char_indices().nth(MAX_STEP) {
            None => self.pointer.push_str(&escaped(step)),
            Some((end, _)) => self.pointer.extend([&escaped(&step[..end]), "…"]),
        }
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

/// RFC 6901, section 3.
fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

/// A whole number, however it is written: `7.0` is the number 7.
pub fn whole_number(value: Value) -> Option<i64> {
    let Value::Number(number) = value else { return None };
    plain_number(number).as_i64()
}

/// The version that the caller believes to be the current one.
impl Read for i32 {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        match whole_number(value).and_then(|number| Self::try_from(number).ok()) {
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{MAX_TOLD, Reading, Rules, read};
    use crate::contact::NewContact;
    use crate::error::Error;

    #[test]
    fn a_flood_of_faults_is_refused_and_told_in_part() {
        let rules = Rules { phone_region: "US".to_owned() };
        let body: Value = (0..50_000).map(|n| (format!("unknown{n}"), json!(1))).collect();
        let Err(Error::Invalid(faults)) = read::<NewContact>(body, &rules) else { panic!("it was taken") };
        assert!((10_000..30_000).contains(&faults.len()), "{}", faults.len());
        assert_eq!(faults.last().map(|fault| fault.code), Some("too_many_faults"));
        // One by one, each is refused, though only the first can tell all. None of them spoils what holds them.
        let mut reading = Reading::begin(&rules);
        let long = "x".repeat(MAX_TOLD / 100);
        let apart: Vec<_> =
            (0..200).map(|_| reading.apart(|here| here.fault::<()>("invalid", &*long).or(Some(())))).collect();
        assert!(apart.iter().all(|outcome| outcome.as_ref().is_err_and(|faults| faults.len() == 1)));
        assert!(!reading.faulty);
        assert_eq!(reading.apart(|_| Some(7)), Ok(7));
    }

    #[test]
    fn a_long_name_is_told_in_part() {
        let rules = Rules { phone_region: "US".to_owned() };
        let body: Value = [("é/".repeat(5_000), json!(1))].into_iter().collect();
        let Err(Error::Invalid(faults)) = read::<NewContact>(body, &rules) else { panic!("it was taken") };
        let pointer = &faults.last().unwrap().pointer;
        assert_eq!(*pointer, format!("/{}…", "é~1".repeat(100)));
    }
}
