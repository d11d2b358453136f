//! `AcmeCRM`'s REST API.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::mapping::{Call, Pass, Record, Verb};

pub(super) fn login(username: &str, password: &str) -> Call {
    Call::new(Verb::Post, "/auth/login").with(json!({"username": username, "password": password}))
}

pub(super) fn pass(answer: &Value) -> Option<Pass> {
    Some(Pass { token: answer["token"].as_str()?.to_owned(), seconds: answer["expiresIn"].as_u64()? })
}

pub(super) fn fetch(remote_id: &str) -> Call {
    Call::new(Verb::Get, path(remote_id))
}

pub(super) fn find(external_id: Uuid) -> Call {
    Call::new(Verb::Get, format!("/contacts?external_id={external_id}&limit=1"))
}

pub(super) fn found(answer: Value, external_id: Uuid) -> Option<Vec<Record>> {
    let Value::Object(mut answer) = answer else { return None };
    let Value::Array(items) = answer.remove("items")? else { return None };
    let id = external_id.to_string();
    let ours = |record: &Record| record.get("acme_external_id").and_then(Value::as_str) == Some(id.as_str());
    Some(items.into_iter().filter_map(record).filter(ours).collect())
}

pub(super) fn create(record: Record) -> Call {
    Call::new(Verb::Post, "/contacts").with(Value::Object(record))
}

/// `AcmeCRM` refuses the change (409) if its record has another version by now.
pub(super) fn change(remote_id: &str, mut part: Record, version: Option<i64>) -> Call {
    part.extend(version.map(|version| ("acme_version".to_owned(), json!(version))));
    Call::new(Verb::Patch, path(remote_id)).with(Value::Object(part))
}

pub(super) fn remove(remote_id: &str, version: Option<i64>) -> Call {
    let version = version.map(|version| format!("?acme_version={version}")).unwrap_or_default();
    Call::new(Verb::Delete, format!("{}{version}", path(remote_id)))
}

pub(super) fn record(answer: Value) -> Option<Record> {
    match answer {
        Value::Object(record) if record.contains_key("id") => Some(record),
        _ => None,
    }
}

fn path(remote_id: &str) -> String {
    format!("/contacts/{}", utf8_percent_encode(remote_id, NON_ALPHANUMERIC))
}
