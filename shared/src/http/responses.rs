//! Answers that went well.

use std::fmt::Write;

use lambda_http::Body;
use lambda_http::http::StatusCode;
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION};
use lambda_http::http::response::Builder;
use serde::Serialize;
use serde_json::{Value, json};

use super::conditional::{etag, matches_none};
use super::{Request, Response};
use crate::contacts::{Answer, Created, Found};
use crate::error::Result;
use crate::health::Health;
use crate::paging::Page;
use crate::tokens::Granted;

/// The cache is ours: a client may keep a contact, and asks with its tag whether it is still so.
const PRIVATE: &str = "private, no-cache";

/// A contact that was read, or 304 if the caller has it already.
pub fn found(request: &Request, found: Found) -> Result<Response> {
    let (answer, cache, tagged) = match found {
        Found::InCache(answer) => (answer, "hit", true),
        Found::InDatabase(answer) => (answer, "miss", true),
        Found::WithLinks(answer) => (answer, "miss", false),
    };
    let builder =
        Builder::new().header(ETAG, etag(answer.version)).header(CACHE_CONTROL, PRIVATE).header("x-cache", cache);
    if matches_none(request, answer.version)? && tagged {
        return Ok(finish(builder.status(StatusCode::NOT_MODIFIED).body(Body::Empty)));
    }
    Ok(finish(builder.header(CONTENT_TYPE, "application/json").body(Body::Text(answer.json))))
}

/// A contact that was created: 201 and where it is.
pub fn created(created: Created) -> Response {
    let Created { answer, replayed } = created;
    let mut builder = Builder::new()
        .status(StatusCode::CREATED)
        .header(LOCATION, format!("/contacts/{}", answer.id))
        .header(ETAG, etag(answer.version))
        .header(CONTENT_TYPE, "application/json");
    if replayed {
        builder = builder.header("idempotent-replayed", "true");
    }
    finish(builder.body(Body::Text(answer.json)))
}

/// A contact that was changed, or asked to become what it already was.
pub fn changed(answer: Answer) -> Response {
    let builder = Builder::new().header(ETAG, etag(answer.version)).header(CONTENT_TYPE, "application/json");
    finish(builder.body(Body::Text(answer.json)))
}

/// A contact that was deleted. The tag is that of the version to restore.
pub fn deleted(answer: &Answer) -> Response {
    finish(Builder::new().status(StatusCode::NO_CONTENT).header(ETAG, etag(answer.version)).body(Body::Empty))
}

/// A part of a list.
pub fn page(page: &Page) -> Response {
    let mut builder = Builder::new().header(CACHE_CONTROL, PRIVATE).header(CONTENT_TYPE, "application/json");
    let mut body = format!("{{\"items\":[{}]", page.items.join(","));
    if let Some(next) = &page.next {
        // A cursor is base64, in which nothing needs escaping.
        let _ = write!(body, ",\"next\":\"{next}\"");
    }
    if let Some(total) = page.total {
        builder = builder.header("preference-applied", "count=exact");
        let _ = write!(body, ",\"total\":{total}");
    }
    body.push('}');
    finish(builder.body(Body::Text(body)))
}

/// An access token (RFC 6749, section 5.1).
pub fn granted(granted: &Granted) -> Response {
    let body = json!({
        "access_token": granted.token.token,
        "token_type": "Bearer",
        "expires_in": granted.token.expires_in,
        "scope": granted.scope,
    });
    let builder = Builder::new().header(CACHE_CONTROL, "no-store").header(CONTENT_TYPE, "application/json");
    finish(builder.body(Body::Text(body.to_string())))
}

/// Done, and nothing to say (RFC 7009, section 2.2).
pub fn ok() -> Response {
    finish(Builder::new().header(CACHE_CONTROL, "no-store").body(Body::Empty))
}

/// A JSON Web Key Set. Verifiers may keep it for as long as we keep it ourselves.
pub fn public_keys(keys: &Value) -> Response {
    let builder =
        Builder::new().header(CACHE_CONTROL, "public, max-age=300").header(CONTENT_TYPE, "application/jwk-set+json");
    finish(builder.body(Body::Text(keys.to_string())))
}

/// What the instance reaches: 200 if that is enough to serve, else 503.
pub fn health(health: Health) -> Response {
    let status = if health.is_serving() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = if health.is_serving() { "ok" } else { "unavailable" };
    let mut response = json(&json!({"status": word, "database": health.database, "redis": health.redis}));
    *response.status_mut() = status;
    response
}

/// What was asked for is taken up, and done by somebody else: 202.
pub fn accepted(body: &impl Serialize) -> Response {
    let mut response = json(&json!(body));
    *response.status_mut() = StatusCode::ACCEPTED;
    response
}

/// Any JSON.
pub fn json(value: &Value) -> Response {
    let builder = Builder::new().header(CACHE_CONTROL, "no-store").header(CONTENT_TYPE, "application/json");
    finish(builder.body(Body::Text(value.to_string())))
}

pub(super) fn finish(built: Result<Response, lambda_http::http::Error>) -> Response {
    built.expect("every header above is plain ASCII")
}
