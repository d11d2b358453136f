//! Merge patches: those of contacts do what RFC 7396 says of any JSON.

use crosswalk::contact::reading::{Read, read};
use crosswalk::contact::{ContactPatch, NewContact};
use crosswalk::error::Error;
use crosswalk::json;
use serde_json::{Map, Value, json};

use crate::laws::{RULES, ada, is_answered, is_taken_back};

/// The first line is a contact (or, if it is none, a plain one is taken), what comes after it is a patch.
pub fn merge_patch(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let (first, rest) = text.split_once('\n').unwrap_or(("", text));
    let before = parsed::<NewContact>(first).map_or_else(ada, |new| new.profile);
    is_taken_back(&before, &RULES);
    let Ok(given) = json::parse(rest) else { return };

    let merged = merge(json!(before), &given);
    let whole = read::<NewContact>(merged, &RULES);
    match read::<ContactPatch>(given.clone(), &RULES) {
        Ok(patch) => match patch.apply(&before, &RULES) {
            Ok(after) => {
                assert_eq!(patch.apply(&after, &RULES).unwrap(), after, "once is as good as twice");
                let whole = whole.expect("what it becomes is good");
                assert_eq!((&whole.profile, whole.version), (&after, patch.version));
                is_taken_back(&after, &RULES);
            }
            Err(error) => {
                is_answered(&error, 422);
                whole.expect_err("what it becomes is too much");
            }
        },
        Err(error) => {
            is_answered(&error, 422);
            if whole.is_ok() {
                asks_for_what_is_not_there(&error, &given);
            }
        }
    }
}

fn parsed<T: Read>(text: &str) -> Option<T> {
    read(json::parse(text).ok()?, &RULES).ok()
}

/// RFC 7396, section 2.
fn merge(target: Value, patch: &Value) -> Value {
    let Value::Object(members) = patch else { return patch.clone() };
    let mut target = if let Value::Object(target) = target { target } else { Map::new() };
    for (name, change) in members {
        if change.is_null() {
            target.remove(name);
        } else {
            let before = target.remove(name).unwrap_or_default();
            target.insert(name.clone(), merge(before, change));
        }
    }
    Value::Object(target)
}

/// A patch is refused, though what it would become is good, only where it removes what no contact has.
fn asks_for_what_is_not_there(error: &Error, patch: &Value) {
    let Error::Invalid(faults) = error else { panic!("{error:?}") };
    for fault in faults {
        let there = patch.pointer(&fault.pointer);
        let told_in_part = fault.pointer.ends_with('…');
        assert!(there == Some(&Value::Null) || told_in_part, "{fault:?} in {patch}");
    }
}
