//! Errors as the CRM answers them: `{error, message}`, and what else belongs to one.

use std::time::Duration;

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use redis::RedisError;
use serde::Serialize;
use serde_json::json;
use tracing::error;

use crate::record::Record;

/// Why a request is not done.
#[derive(Debug)]
pub(crate) enum Problem {
    /// It can't be read.
    Malformed(String),
    /// Wrong credentials, or no good token.
    Unauthorised(&'static str),
    /// There is no such record.
    NoSuchContact,
    /// There is no such route.
    NoSuchRoute,
    /// The route knows other methods.
    WrongMethod,
    /// The record's version is another.
    Conflict(Box<Record>),
    /// A thing of the simulator stands against it.
    Impossible(&'static str),
    /// The body is too large.
    TooLarge,
    /// It can be read, but not be done.
    Invalid(Vec<Fault>),
    /// It can be read, but is not of the form that is wanted.
    Unreadable(String),
    /// Too many requests; one may come again after so long.
    TooMany(Duration),
    /// An internal error, by wish.
    Failure,
    /// The CRM is down: by wish, or because its Redis is away.
    Down,
}

/// What is wrong with a member of a body.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Fault {
    pub(crate) field: String,
    pub(crate) message: &'static str,
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorised(_) => StatusCode::UNAUTHORIZED,
            Self::NoSuchContact | Self::NoSuchRoute => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) | Self::Impossible(_) => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Invalid(_) | Self::Unreadable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Failure => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Down => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The word for programs and the sentence for people.
    fn words(&self) -> (&'static str, &str) {
        match self {
            Self::Malformed(message) => ("bad_request", message),
            Self::Unauthorised(message) => ("unauthorized", message),
            Self::NoSuchContact => ("not_found", "There is no contact with this id."),
            Self::NoSuchRoute => ("not_found", "There is nothing at this address."),
            Self::WrongMethod => ("method_not_allowed", "This address knows other methods."),
            Self::Conflict(_) => ("version_conflict", "The contact has another version by now."),
            Self::Impossible(message) => ("conflict", message),
            Self::TooLarge => ("too_large", "The body is larger than 1 MB."),
            Self::Invalid(_) => ("validation_failed", "Some members are missing or invalid."),
            Self::Unreadable(message) => ("validation_failed", message),
            Self::TooMany(_) => ("rate_limited", "Too many requests."),
            Self::Failure => ("internal_error", "Something went wrong on our side."),
            Self::Down => ("unavailable", "The service is not available."),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let (word, message) = self.words();
        let mut body = json!({"error": word, "message": message});
        let mut header = None;
        match &self {
            Self::Conflict(current) => body["current"] = json!(current),
            Self::Invalid(faults) => body["fields"] = json!(faults),
            Self::TooMany(wait) => {
                // In whole seconds, and never so few that the next request would come too early.
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                header = Some((RETRY_AFTER, HeaderValue::from(seconds)));
            }
            Self::Unauthorised(_) => header = Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            _ => {}
        }
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().extend(header);
        response
    }
}

impl From<RedisError> for Problem {
    fn from(error: RedisError) -> Self {
        error!(%error, "Redis did not do what it was asked");
        Self::Down
    }
}
