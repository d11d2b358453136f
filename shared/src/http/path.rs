//! What a path names.

use lambda_http::RequestExt;
use uuid::Uuid;

use super::Request;
use crate::contact::RemoteKey;
use crate::error::{Error, Result};
use crate::id;

/// A remote id has at most so many characters.
const MAX_REMOTE_ID: usize = 200;

/// The contact that the path names. What can't be one of our ids names no contact.
pub fn contact_id(request: &Request) -> Result<Uuid> {
    let given = parameter(request, "id");
    uuid(given).ok_or_else(|| Error::ContactNotFound(start(given)))
}

/// The record that the path names. What can't be one of our connections names none.
pub fn remote_key(request: &Request) -> Result<RemoteKey> {
    let connection = parameter(request, "connection");
    if !id::is_connection(connection) {
        return Err(Error::ConnectionNotFound(start(connection)));
    }
    let remote_id = parameter(request, "remoteId");
    let plain = !remote_id.is_empty() && remote_id.trim() == remote_id && !remote_id.contains(char::is_control);
    if !plain || remote_id.chars().count() > MAX_REMOTE_ID {
        return Err(Error::Malformed(format!(
            "a remote id has 1 to {MAX_REMOTE_ID} characters, none of them a control character, no space at its ends"
        )));
    }
    Ok(RemoteKey { connection: connection.to_owned(), remote_id: remote_id.to_owned() })
}

/// As much of what was given as an answer repeats.
pub(super) fn start(given: &str) -> String {
    given.chars().take(64).collect()
}

/// A UUID that the path names, in the form that we give out: one thing has one address.
pub(super) fn uuid(given: &str) -> Option<Uuid> {
    Uuid::try_parse(given).ok().filter(|id| id.to_string() == given)
}

/// A part of the path, which the gateway has decoded: a slash in it would have been the end of the part.
pub(super) fn parameter<'a>(request: &'a Request, name: &str) -> &'a str {
    request.path_parameters_ref().and_then(|parameters| parameters.first(name)).unwrap_or_default()
}
