//! Fields of the customer's own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use super::reading::{Read, Reading};
use super::text::is_control_beside_lines;

pub(super) const MAX: usize = 100;
pub(super) const MAX_NAME: usize = 100;

/// Whole doubles below these bounds are 64-bit integers, signed and unsigned.
const I64_BOUND: f64 = 9_223_372_036_854_775_808.0;
const U64_BOUND: f64 = 18_446_744_073_709_551_616.0;

/// At most 100 fields.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CustomFields(pub BTreeMap<String, Custom>);

/// A change of custom fields: a value sets, `None` removes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CustomFieldsPatch(BTreeMap<String, Option<Custom>>);

/// The value of a custom field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Custom {
    Text(String),
    Number(Number),
    Flag(bool),
}

impl CustomFieldsPatch {
    /// The fields after the change.
    pub fn apply(&self, fields: &CustomFields) -> CustomFields {
        let mut after = fields.clone();
        for (name, change) in &self.0 {
            match change {
                Some(value) => after.0.insert(name.clone(), value.clone()),
                None => after.0.remove(name),
            };
        }
        after
    }
}

impl CustomFields {
    /// Notes a fault if there are too many.
    pub(super) fn check(&self, reading: &mut Reading) {
        if self.0.len() > MAX {
            reading.fault::<()>("too_many", format!("must have at most {MAX} members"));
        }
    }
}

impl Read for CustomFields {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let changes = CustomFieldsPatch::read(value, reading)?;
        let fields = Self(changes.0.into_iter().filter_map(|(name, value)| Some((name, value?))).collect());
        fields.check(reading);
        Some(fields)
    }
}

impl Read for CustomFieldsPatch {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let members = reading.object(value)?;
        let mut changes = BTreeMap::new();
        let mut whole = true;
        for (name, value) in members {
            let read = reading.at(&name, |here| {
                is_name(&name, here)?;
                if value.is_null() { Some(None) } else { Custom::read(value, here).map(Some) }
            });
            match read {
                Some(change) => drop(changes.insert(name, change)),
                None => whole = false,
            }
        }
        whole.then_some(Self(changes))
    }
}

impl Read for Custom {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        match value {
            Value::String(text) if text.chars().any(is_control_beside_lines) => {
                reading.fault("control_character", "must not contain control characters")
            }
            Value::String(text) => Some(Self::Text(text)),
            Value::Number(number) => Some(Self::Number(plain_number(number))),
            Value::Bool(flag) => Some(Self::Flag(flag)),
            _ => reading.fault("type", "must be a string, a number or a boolean"),
        }
    }
}

fn is_name(name: &str, reading: &mut Reading) -> Option<()> {
    if name.trim().is_empty() {
        return reading.fault("blank", "must have a name that is not blank");
    }
    if name.chars().any(char::is_control) {
        return reading.fault("control_character", "must have a name without control characters");
    }
    if name.chars().count() > MAX_NAME {
        return reading.fault("too_long", format!("must have a name of at most {MAX_NAME} characters"));
    }
    Some(())
}

/// One form for one number: `7.0`, `7e0` and `7` are the same, and `1e17` is what PostgreSQL gives back for it, which
/// writes all digits.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and in range")]
pub fn plain_number(number: Number) -> Number {
    match number.as_f64() {
        Some(float) if !number.is_f64() || float.fract() != 0.0 => number,
        Some(float) if (-I64_BOUND..I64_BOUND).contains(&float) => Number::from(float as i64),
        Some(float) if (I64_BOUND..U64_BOUND).contains(&float) => Number::from(float as u64),
        _ => number,
    }
}
