//! Requests of the token endpoints: forms, and clients who show their secret (RFC 6749, section 2.3.1).

use std::borrow::Cow;
use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::http::header::AUTHORIZATION;
use url::form_urlencoded;

use super::Request;
use super::body::{bytes, media_type};
use super::exchange::{Exchange, source};
use crate::auth::ClientSecret;
use crate::error::{Error, OAuthFault, Result};
use crate::id;
use crate::tokens::Credentials;

/// A form has a few short members.
const MAX_BYTES: usize = 16 * 1024;

/// The members of a form.
#[derive(Debug)]
pub struct Form(HashMap<String, String>);

impl Form {
    /// A member; an empty one is as good as absent (RFC 6749, section 3.2).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A member that must be there.
    pub fn require(&self, name: &'static str, missing: &'static str) -> Result<&str> {
        self.get(name).ok_or(invalid_request(missing))
    }
}

/// Reads the form of a request.
pub fn form(request: &Request) -> Result<Form> {
    if media_type(request) != "application/x-www-form-urlencoded" {
        return Err(invalid_request("the body must be application/x-www-form-urlencoded"));
    }
    let bytes = bytes(request, MAX_BYTES)?;
    if std::str::from_utf8(bytes).is_err() {
        return Err(invalid_request("the body is not UTF-8"));
    }
    let mut members = HashMap::new();
    for (name, value) in form_urlencoded::parse(bytes) {
        if members.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(invalid_request("a parameter was given twice"));
        }
    }
    Ok(Form(members))
}

/// The client that a request says it is: by HTTP Basic, or in the form, and not by both.
pub fn credentials(request: &Request, form: &Form) -> Result<Credentials> {
    let basic = request.headers().get(AUTHORIZATION).map(|value| {
        value.to_str().ok().and_then(basic).ok_or(Error::OAuth(
            OAuthFault::InvalidClient,
            "the Authorization header is not HTTP Basic with a client's id and secret",
        ))
    });
    let (client_id, secret) = match (basic.transpose()?, form.get("client_secret")) {
        (Some(_), Some(_)) => {
            return Err(invalid_request("the client shows its secret in two ways"));
        }
        (Some(basic), None) => basic,
        (None, Some(secret)) => (form.require("client_id", "client_id is missing")?.to_owned(), secret.to_owned()),
        (None, None) => {
            return Err(Error::OAuth(OAuthFault::InvalidClient, "the client shows no secret"));
        }
    };
    // No client has an id of another form, so no store is asked.
    if !id::is_client(&client_id) {
        return Err(Error::OAuth(OAuthFault::InvalidClient, "the client is unknown or its secret is wrong"));
    }
    if let Some(exchange) = Exchange::of(request) {
        exchange.note_client(&client_id);
    }
    Ok(Credentials { client_id, secret: ClientSecret::presented(secret), source: source(request) })
}

/// Both parts are form-encoded before they are joined.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client_id, secret) = decoded.split_once(':')?;
    Some((decode(client_id)?, decode(secret)?))
}

fn decode(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

fn invalid_request(detail: &'static str) -> Error {
    Error::OAuth(OAuthFault::InvalidRequest, detail)
}
