//! A status: our words with a capital.

use serde_json::Value;

use crate::mapping::crosswalk::{Flaw, Transform};

/// `Active` there, `active` here.
pub const CAPITALISED: Transform = Transform { read, write };

const WORDS: [(&str, &str); 3] = [("Active", "active"), ("Inactive", "inactive"), ("Lead", "lead")];

fn read(theirs: &Value) -> Result<Value, Flaw> {
    let Value::String(word) = theirs else {
        return Err(Flaw { code: "type", detail: "must be a string" });
    };
    match WORDS.iter().find(|(theirs, _)| theirs == word) {
        Some((_, ours)) => Ok(Value::from(*ours)),
        None => Err(Flaw { code: "invalid", detail: "must be Active, Inactive or Lead" }),
    }
}

fn write(ours: &Value) -> Value {
    match WORDS.iter().find(|(_, word)| ours == *word) {
        Some((theirs, _)) => Value::from(*theirs),
        None => ours.clone(),
    }
}
