//! A CRM's record as it came.

use serde_json::{Map, Value};

use crate::contact::reading::{Read, Reading};

/// A CRM's record: every member, known to us or not.
pub type Record = Map<String, Value>;

/// A record that can be kept: an object, whatever is in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept(pub Record);

impl Read for Kept {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        refuse_nul(&value, reading);
        reading.object(value).map(Self)
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
