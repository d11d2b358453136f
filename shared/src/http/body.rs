//! Reading bodies: size, media type, encoding, syntax, and then every fault of the content at once.

use lambda_http::http::header::CONTENT_TYPE;
use serde_json::Value;

use super::Request;
use super::conditional::if_match;
use crate::app::App;
use crate::contact::reading::{Read, Reading, read};
use crate::contacts::Expected;
use crate::error::{Error, Result};
use crate::json;

/// Reads a JSON body.
pub fn body<T: Read>(app: &App, request: &Request) -> Result<T> {
    body_within(app, request, app.config.limits.body)
}

/// Reads a JSON body of at most so many bytes.
pub fn body_within<T: Read>(app: &App, request: &Request, limit: usize) -> Result<T> {
    read_as(app, request, limit, &["application/json"], "application/json")
}

/// Reads a merge patch (RFC 7396). Plain JSON means the same here.
pub fn merge_patch<T: Read>(app: &App, request: &Request) -> Result<T> {
    let accepted = ["application/merge-patch+json", "application/json"];
    read_as(app, request, app.config.limits.body, &accepted, "application/merge-patch+json or application/json")
}

/// The version that a change without content names: by `If-Match`, or as the `version` of a body that may be absent.
pub fn expected(app: &App, request: &Request) -> Result<Expected> {
    let named = if request.body().is_empty() { Named(None) } else { body(app, request)? };
    Ok(Expected { if_match: if_match(request)?, version: named.0 })
}

/// Makes sure that a body which may be absent says nothing: what nobody reads must not be lost in silence.
pub fn no_body(app: &App, request: &Request) -> Result<()> {
    if request.body().is_empty() {
        return Ok(());
    }
    let Nothing = body(app, request)?;
    Ok(())
}

struct Nothing;

impl Read for Nothing {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let members = reading.object(value)?;
        reading.finish(&members);
        Some(Self)
    }
}

/// A body that names a version and nothing else.
struct Named(Option<i32>);

impl Read for Named {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let mut members = reading.object(value)?;
        let version = reading.optional(&mut members, "version");
        reading.finish(&members);
        version.map(Self)
    }
}

fn read_as<T: Read>(app: &App, request: &Request, limit: usize, accepted: &[&str], named: &'static str) -> Result<T> {
    let media_type = media_type(request);
    if !accepted.contains(&media_type.as_str()) {
        return Err(Error::UnsupportedMediaType(named));
    }
    read(parse(bytes(request, limit)?)?, &app.rules)
}

/// The media type without its parameters, in lower case; empty if there is none.
pub(super) fn media_type(request: &Request) -> String {
    let header = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The body's bytes; the runtime has decoded base64 where the gateway used it.
pub(super) fn bytes(request: &Request, limit: usize) -> Result<&[u8]> {
    let bytes: &[u8] = request.body().as_ref();
    if bytes.len() > limit { Err(Error::BodyTooLarge { limit }) } else { Ok(bytes) }
}

/// Parses JSON, and says where it is broken.
pub(super) fn parse(bytes: &[u8]) -> Result<Value> {
    if bytes.is_empty() {
        return Err(Error::Malformed("the body is empty".to_owned()));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Error::Malformed(format!("the body is not UTF-8 at byte {}", error.valid_up_to())))?;
    json::parse(text).map_err(|error| {
        // serde_json's own text ends in "at line … column …" and quotes nothing but the expected tokens.
        Error::Malformed(format!("the body is not JSON: {error}"))
    })
}
