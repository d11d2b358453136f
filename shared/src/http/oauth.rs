//! Errors of the token endpoints in RFC 6749's form.

use lambda_http::http::StatusCode;
use serde_json::{Value, json};

use crate::error::{Error, OAuthFault};

/// The body of a refusal.
pub(super) fn body(error: &Error) -> Value {
    let (word, description) = match error {
        Error::OAuth(fault, description) => (word(*fault), (*description).to_owned()),
        // The RFC has no words for these two; its authorization endpoint's fit.
        Error::RateLimited { .. } | Error::Unavailable { .. } => {
            ("temporarily_unavailable", "ask again later".to_owned())
        }
        Error::Internal { .. } => ("server_error", "something went wrong here".to_owned()),
        other => ("invalid_request", other.to_string()),
    };
    json!({"error": word, "error_description": description})
}

pub(super) fn word(fault: OAuthFault) -> &'static str {
    match fault {
        OAuthFault::InvalidRequest => "invalid_request",
        OAuthFault::InvalidClient => "invalid_client",
        OAuthFault::InvalidGrant => "invalid_grant",
        OAuthFault::UnsupportedGrantType => "unsupported_grant_type",
        OAuthFault::InvalidScope => "invalid_scope",
    }
}

pub(super) fn status(fault: OAuthFault) -> StatusCode {
    match fault {
        OAuthFault::InvalidClient => StatusCode::UNAUTHORIZED,
        _ => StatusCode::BAD_REQUEST,
    }
}
