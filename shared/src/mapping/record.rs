//! A CRM's record as it came.

use serde_json::{Map, Value};

use crate::contact::reading::{Read, Reading};

/// A CRM's record: every member, known to us or not.
pub type Record = Map<String, Value>;

/// A record has at most so many values: of those in use, the largest have some hundreds.
const MAX_VALUES: usize = 10_000;

/// It is at most so deep. What is kept of it is packed once more, and JSON of more than 127 levels can't be read again.
const MAX_DEPTH: usize = 64;

/// Its names and texts have at most so many bytes.
const MAX_BYTES: usize = 256 * 1024;

/// A record that can be kept: an object, whatever is in it, within reason.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept(pub Record);

/// What of a record may still come.
struct Room {
    values: usize,
    bytes: usize,
}

impl Read for Kept {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let mut room = Room { values: MAX_VALUES, bytes: MAX_BYTES };
        if !room.has(&value, MAX_DEPTH) {
            return reading.fault(
                "too_large",
                format!("must have at most {MAX_VALUES} values, {MAX_DEPTH} levels and {MAX_BYTES} bytes of text"),
            );
        }
        refuse_nul(&value, reading);
        reading.object(value).map(Self)
    }
}

impl Room {
    /// Whether the value fits.
    fn has(&mut self, value: &Value, depth: usize) -> bool {
        let Some(values) = self.values.checked_sub(1) else { return false };
        self.values = values;
        match value {
            Value::String(text) => self.takes(text),
            Value::Array(elements) => depth > 0 && elements.iter().all(|element| self.has(element, depth - 1)),
            Value::Object(members) => {
                depth > 0 && members.iter().all(|(name, member)| self.takes(name) && self.has(member, depth - 1))
            }
            _ => true,
        }
    }

    fn takes(&mut self, text: &str) -> bool {
        self.bytes.checked_sub(text.len()).map(|bytes| self.bytes = bytes).is_some()
    }
}

/// PostgreSQL keeps every text but those with a NUL in them.
fn refuse_nul(value: &Value, reading: &mut Reading) {
    match value {
        Value::String(text) if text.contains('\0') => {
            reading.fault::<()>("control_character", "must not contain a NUL");
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                reading.at(&index.to_string(), |here| refuse_nul(element, here));
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                reading.at(name, |here| {
                    if name.contains('\0') {
                        here.fault::<()>("control_character", "must have a name without a NUL");
                    }
                    refuse_nul(member, here);
                });
            }
        }
        _ => {}
    }
}
