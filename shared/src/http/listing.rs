//! What a request for a list asks.

use lambda_http::http::HeaderMap;
use serde_json::Value;

use super::Request;
use super::query::{Parameters, is_plain};
use crate::app::App;
use crate::contact::reading::{Read, read};
use crate::contact::{Filter, RemoteKey, Sort};
use crate::contacts::Listing;
use crate::error::{Error, Result};

/// What a request for a list of contacts asks, by its parameters and by `Prefer: count=exact` (RFC 7240).
pub fn listing(app: &App, request: &Request) -> Result<Listing> {
    let mut parameters = Parameters::of(request)?;
    let window = parameters.window()?;
    let links = parameters.include_links()?;
    let sort =
        parameters.read("sort", "createdAt, updatedAt, lastName or email, after a - for descending", |word| {
            Sort::from_word(word)
        })?;
    let filter = Filter {
        status: typed(app, &mut parameters, "status")?,
        email: typed(app, &mut parameters, "email")?,
        company: typed(app, &mut parameters, "company")?,
        tag: typed(app, &mut parameters, "tag")?,
        remote: remote(&mut parameters)?,
        created: parameters.between("createdAfter", "createdBefore")?,
        updated: parameters.between("updatedAfter", "updatedBefore")?,
        text: text(&mut parameters)?,
        deleted: parameters.include_deleted()?,
    };
    parameters.finish()?;
    let sort = match (sort, &filter.text) {
        (Some(_), Some(_)) => return Err(malformed("a search with q has an order of its own, so sort can't be given")),
        (None, Some(_)) => Sort::NEWEST_FIRST,
        (sort, None) => sort.unwrap_or(Sort::OLDEST_FIRST),
    };
    Ok(Listing { filter, sort, window, links, total: prefers_total(request.headers()) })
}

/// A parameter that is read as the member of a contact is.
fn typed<T: Read>(app: &App, parameters: &mut Parameters, name: &str) -> Result<Option<T>> {
    let Some(text) = parameters.take(name) else { return Ok(None) };
    read(Value::String(text), &app.rules).map(Some).map_err(|error| match error {
        Error::Invalid(faults) => {
            let fault = faults.first().map_or("can't be read", |fault| fault.detail.as_str());
            malformed(format!("the parameter {name} {fault}"))
        }
        other => other,
    })
}

/// `connection` and `remoteId`, which only mean something together.
fn remote(parameters: &mut Parameters) -> Result<Option<RemoteKey>> {
    let (connection, remote_id) = (parameters.connection()?, parameters.remote_id()?);
    match (connection, remote_id) {
        (Some(connection), Some(remote_id)) => Ok(Some(RemoteKey { connection, remote_id })),
        (None, None) => Ok(None),
        _ => Err(malformed("connection and remoteId go together")),
    }
}

fn text(parameters: &mut Parameters) -> Result<Option<String>> {
    let (min, max) = (Filter::MIN_TEXT, Filter::MAX_TEXT);
    let can_be = format!("{min} to {max} characters, none of them a control character");
    parameters.read("q", &can_be, |text| is_plain(text.trim(), min, max).then(|| text.trim().to_owned()))
}

/// Preferences that we don't know are passed over (RFC 7240, section 2).
fn prefers_total(headers: &HeaderMap) -> bool {
    let values = headers.get_all("prefer").into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|preference| {
        let word = preference.split(';').next().unwrap_or_default().replace([' ', '\t', '"'], "");
        word.eq_ignore_ascii_case("count=exact")
    })
}

fn malformed(text: impl Into<String>) -> Error {
    Error::Malformed(text.into())
}
