//! Records in a CRM's own form.

use lambda_http::Body;
use lambda_http::http::StatusCode;
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION};
use lambda_http::http::response::Builder;
use serde_json::Value;

use super::conditional::etag;
use super::responses::finish;
use super::{Request, Response, body};
use crate::app::App;
use crate::error::Result;
use crate::mapping::{Kept, Record};
use crate::sync::Put;

/// Reads a record: an object, whatever is in it, as long as it can be kept.
pub fn record(app: &App, request: &Request) -> Result<Record> {
    let Kept(record) = body(app, request)?;
    Ok(record)
}

/// A record that was applied: 201 if the contact is new, else 200.
pub fn put(put: Put) -> Response {
    let Put { answer, created } = put;
    let mut builder = Builder::new().header(ETAG, etag(answer.version)).header(CONTENT_TYPE, "application/json");
    if created {
        builder = builder.status(StatusCode::CREATED).header(LOCATION, format!("/contacts/{}", answer.id));
    }
    finish(builder.body(Body::Text(answer.json)))
}

/// A contact in its CRM's form. It changes without the contact's version, so it has no tag.
pub fn remote(record: Record) -> Response {
    let builder = Builder::new().header(CACHE_CONTROL, "private, no-cache").header(CONTENT_TYPE, "application/json");
    finish(builder.body(Body::Text(Value::Object(record).to_string())))
}
