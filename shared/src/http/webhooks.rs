//! What requests about webhooks ask, and a webhook as an answer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::Body;
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use lambda_http::http::response::Builder;
use serde_json::json;
use uuid::Uuid;

use super::path::{parameter, start, uuid};
use super::query::{Parameters, is_plain};
use super::responses::finish;
use super::{Request, Response};
use crate::error::{Error, Result};
use crate::json::parse;
use crate::webhooks::{Filter, Found, Listing, State};

/// The type of a webhook has at most so many characters.
pub const MAX_TYPE: usize = 200;

/// What a request for a list of webhooks asks.
pub fn webhook_listing(request: &Request) -> Result<Listing> {
    let mut parameters = Parameters::of(request)?;
    let window = parameters.window()?;
    let plain = |text: &str| is_plain(text, 1, MAX_TYPE).then(|| text.to_owned());
    let filter = Filter {
        state: parameters.read("state", "received, processed, unchanged or dead", State::from_word)?,
        kind: parameters.read("type", "the type of a webhook, such as contact.updated", plain)?,
        connection: parameters.connection()?,
        remote_id: parameters.remote_id()?,
        received: parameters.between("receivedAfter", "receivedBefore")?,
    };
    parameters.finish()?;
    if filter.remote_id.is_some() && filter.connection.is_none() {
        return Err(Error::Malformed("remoteId needs the connection it belongs to".to_owned()));
    }
    Ok(Listing { filter, window })
}

/// The webhook that the path names. What can't be one of our ids names none.
pub fn webhook_id(request: &Request) -> Result<Uuid> {
    let given = parameter(request, "id");
    uuid(given).ok_or_else(|| Error::WebhookNotFound(start(given)))
}

/// The webhook that the path names, if it names one.
pub fn named_webhook(request: &Request) -> Result<Option<Uuid>> {
    if parameter(request, "id").is_empty() { Ok(None) } else { webhook_id(request).map(Some) }
}

/// A webhook with its body: as it came if it is JSON, else in base64. One that was erased has none.
pub fn webhook(found: &Found) -> Response {
    let mut answer = json!(found.webhook).to_string();
    let text = str::from_utf8(&found.body).ok().filter(|text| parse(text).is_ok());
    let body = match text {
        _ if found.body.is_empty() => String::new(),
        // Not what was read of it, which may say less: numbers have more digits than fit into ours.
        Some(text) => format!(",\"body\":{}", text.trim()),
        None => format!(",\"bodyBase64\":\"{}\"", STANDARD.encode(&found.body)),
    };
    answer.insert_str(answer.len() - 1, &body);
    let builder = Builder::new().header(CACHE_CONTROL, "private, no-cache").header(CONTENT_TYPE, "application/json");
    finish(builder.body(Body::Text(answer)))
}
