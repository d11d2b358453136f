//! What a contact must have, and of which kind.

use serde_json::Value;

use super::{CREATED, EMAIL, EXTERNAL_ID, Record};
use crate::problem::{Fault, Problem};
use crate::time;

const REQUIRED: [&str; 3] = ["acme_first_name", "acme_last_name", EMAIL];

const TEXTS: [&str; 9] = [
    "acme_first_name",
    "acme_last_name",
    EMAIL,
    "acme_phone",
    "acme_company",
    "acme_title",
    "acme_address",
    "acme_notes",
    EXTERNAL_ID,
];

const STATUSES: [&str; 3] = ["Active", "Inactive", "Lead"];

/// Finds everything that is wrong with a record. Members that the CRM doesn't know may be anything.
pub(crate) fn check(record: &Record) -> Result<(), Problem> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, message| faults.push(Fault { field: field.to_owned(), message });
    let members = &record.0;
    for name in TEXTS {
        match members.get(name) {
            Some(Value::String(text)) if REQUIRED.contains(&name) && text.trim().is_empty() => {
                fault(name, "must not be blank");
            }
            Some(Value::String(text)) if name == EMAIL && !is_address(text) => fault(name, "must be an address"),
            Some(Value::String(_)) => {}
            Some(_) => fault(name, "must be text"),
            None if REQUIRED.contains(&name) => fault(name, "is required"),
            None => {}
        }
    }
    if members.get("acme_status").is_some_and(|status| !STATUSES.iter().any(|known| status == known)) {
        fault("acme_status", "must be Active, Inactive or Lead");
    }
    let texts = |tags: &Value| tags.as_array().is_some_and(|tags| tags.iter().all(Value::is_string));
    if members.get("acme_tags").is_some_and(|tags| !texts(tags)) {
        fault("acme_tags", "must be a list of texts");
    }
    if members.get("acme_custom_fields").is_some_and(|fields| !fields.is_object()) {
        fault("acme_custom_fields", "must be an object");
    }
    if members.get(CREATED).is_some_and(|created| created.as_str().and_then(time::parse).is_none()) {
        fault(CREATED, "must be a time as in RFC 3339");
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::Invalid(faults)) }
}

/// No more than any CRM asks of an address.
fn is_address(text: &str) -> bool {
    text.trim().rsplit_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
}
