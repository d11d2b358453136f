//! Refusals: one form for every error (RFC 9457), and RFC 6749's for the token endpoints.

use std::time::Duration;

use lambda_http::Body;
use lambda_http::http::StatusCode;
use lambda_http::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use lambda_http::http::response::Builder;
use serde_json::{Map, Value, json};

use super::{Exchange, Response, oauth};
use crate::error::Error;

/// The answer to a request that ended in an error. The cause is never in it.
pub fn refusal(error: &Error, exchange: &Exchange) -> Response {
    let (status, ..) = kind(error);
    let body = if exchange.is_login() { oauth::body(error) } else { problem(error, exchange) };
    let media_type = if exchange.is_login() { "application/json" } else { "application/problem+json" };
    let mut builder = Builder::new().status(status).header(CONTENT_TYPE, media_type).header(CACHE_CONTROL, "no-store");
    if let Some(challenge) = challenge(error) {
        builder = builder.header(WWW_AUTHENTICATE, challenge);
    }
    if let Error::MethodNotAllowed { allow } = error {
        builder = builder.header(ALLOW, allow);
    }
    if let Error::RateLimited { retry_after } | Error::Unavailable { retry_after, .. } = error {
        builder = builder.header(RETRY_AFTER, seconds(*retry_after));
    }
    builder.body(Body::Text(body.to_string())).expect("every header above is plain ASCII")
}

/// The word for an error, for programs and for the log.
pub fn code(error: &Error) -> &'static str {
    kind(error).1
}

fn problem(error: &Error, exchange: &Exchange) -> Value {
    let mut members = within(error).1;
    members.insert("instance".to_owned(), json!(exchange.path));
    members.insert("requestId".to_owned(), json!(exchange.request_id));
    Value::Object(members)
}

/// What a problem says of itself, wherever it stands, and its status.
pub(super) fn within(error: &Error) -> (StatusCode, Map<String, Value>) {
    let (status, code, title) = kind(error);
    let mut members = Map::new();
    let mut add = |name: &str, value: Value| members.insert(name.to_owned(), value);
    add("type", json!(format!("urn:crosswalk:problem:{code}")));
    add("title", json!(title));
    add("status", json!(status.as_u16()));
    add("detail", json!(detail(error)));
    add("code", json!(code));
    match error {
        Error::Invalid(faults) => drop(add("errors", json!(faults))),
        Error::VersionConflict { current } | Error::PreconditionFailed { current } => {
            add("currentVersion", json!(current));
        }
        _ => {}
    }
    (status, members)
}

/// What the caller may know.
fn detail(error: &Error) -> String {
    match error {
        Error::Unavailable { .. } => "The service can't do this just now. Ask again.".to_owned(),
        Error::Internal { .. } => "Something went wrong here. The request id names it in our log.".to_owned(),
        known => sentence(&known.to_string()),
    }
}

fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}

/// Status, code and title of each error.
fn kind(error: &Error) -> (StatusCode, &'static str, &'static str) {
    match error {
        Error::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed", "The request can't be read"),
        Error::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The body has faults"),
        Error::TokenMissing => (StatusCode::UNAUTHORIZED, "token-missing", "An access token is needed"),
        Error::TokenRefused(_) => (StatusCode::UNAUTHORIZED, "token-refused", "The access token is not good"),
        Error::ScopeMissing(_) => (StatusCode::FORBIDDEN, "scope-missing", "The access token does not reach this far"),
        Error::SignatureRefused => (StatusCode::UNAUTHORIZED, "signature-refused", "The signature is not good"),
        Error::OAuth(fault, _) => (oauth::status(*fault), oauth::word(*fault), "The token request is refused"),
        Error::ContactNotFound(_) => (StatusCode::NOT_FOUND, "contact-not-found", "There is no such contact"),
        Error::ConnectionNotFound(_) => (StatusCode::NOT_FOUND, "connection-not-found", "There is no such connection"),
        Error::RecordNotFound(_) => (StatusCode::NOT_FOUND, "record-not-found", "No contact is linked to the record"),
        Error::WebhookNotFound(_) => {
            (StatusCode::NOT_FOUND, "webhook-event-not-found", "There is no such webhook event")
        }
        Error::WebhookErased(_) => (StatusCode::CONFLICT, "webhook-event-erased", "The webhook event has no body"),
        Error::SyncFailureNotFound(_) => {
            (StatusCode::NOT_FOUND, "sync-failure-not-found", "There is no such sync failure")
        }
        Error::ContactDeleted(_) => (StatusCode::GONE, "contact-deleted", "The contact was deleted"),
        Error::VersionConflict { .. } => (StatusCode::CONFLICT, "version-conflict", "The contact has another version"),
        Error::PreconditionFailed { .. } => {
            (StatusCode::PRECONDITION_FAILED, "precondition-failed", "The contact has another version")
        }
        Error::PreconditionRequired => {
            (StatusCode::PRECONDITION_REQUIRED, "precondition-required", "The version to be changed must be named")
        }
        Error::BodyTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large"),
        Error::UnsupportedMediaType(_) => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body has another media type")
        }
        Error::RateLimited { .. } => (StatusCode::TOO_MANY_REQUESTS, "rate-limited", "The quota is used up"),
        Error::IdempotencyKeyReused => {
            (StatusCode::UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The key stands for another request")
        }
        Error::IdempotencyKeyInFlight => {
            (StatusCode::CONFLICT, "idempotency-key-in-flight", "The first request is still being worked on")
        }
        Error::RouteNotFound => (StatusCode::NOT_FOUND, "route-not-found", "There is no such route"),
        Error::MethodNotAllowed { .. } => {
            (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "The route has no such method")
        }
        Error::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The service is not available"),
        Error::Internal { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong"),
    }
}

/// `WWW-Authenticate` (RFC 6750, section 3; RFC 6749, section 5.2).
fn challenge(error: &Error) -> Option<String> {
    const REALM: &str = "realm=\"crosswalk\"";
    match error {
        Error::TokenMissing => Some(format!("Bearer {REALM}")),
        Error::TokenRefused(reason) => {
            Some(format!("Bearer {REALM}, error=\"invalid_token\", error_description=\"{reason}\""))
        }
        Error::ScopeMissing(scope) => Some(format!("Bearer {REALM}, error=\"insufficient_scope\", scope=\"{scope}\"")),
        Error::SignatureRefused => Some(format!("Signature {REALM}")),
        Error::OAuth(fault, _) if oauth::status(*fault) == StatusCode::UNAUTHORIZED => Some(format!("Basic {REALM}")),
        _ => None,
    }
}

/// Whole seconds, never too early.
fn seconds(duration: Duration) -> String {
    (duration.as_secs() + u64::from(duration.subsec_nanos() > 0)).max(1).to_string()
}
