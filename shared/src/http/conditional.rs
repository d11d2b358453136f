//! Versions as entity tags, and the preconditions that name them (RFC 9110, sections 8.8.3 and 13.1).

use lambda_http::http::HeaderMap;
use lambda_http::http::header::{HeaderName, IF_MATCH, IF_NONE_MATCH};

use super::Request;
use crate::contacts::Precondition;
use crate::error::{Error, Result};

/// The tag of a version.
pub(super) fn etag(version: i32) -> String {
    format!("\"{version}\"")
}

/// `If-Match`, if there is one. It compares strongly: a weak tag matches nothing.
pub fn if_match(request: &Request) -> Result<Option<Precondition>> {
    let Some(tags) = tags(request.headers(), &IF_MATCH)? else {
        return Ok(None);
    };
    if tags.contains(&Tag::Any) {
        return Ok(Some(Precondition::Any));
    }
    let strong = tags.iter().filter_map(|tag| if let Tag::Strong(text) = tag { text.parse().ok() } else { None });
    Ok(Some(Precondition::OneOf(strong.collect())))
}

/// Whether `If-None-Match` says that the caller has this version already. It compares weakly.
pub fn matches_none(request: &Request, version: i32) -> Result<bool> {
    let Some(tags) = tags(request.headers(), &IF_NONE_MATCH)? else {
        return Ok(false);
    };
    let version = version.to_string();
    Ok(tags.iter().any(|tag| match tag {
        Tag::Any => true,
        Tag::Strong(text) | Tag::Weak(text) => *text == version,
    }))
}

#[derive(Debug, PartialEq, Eq)]
enum Tag {
    Any,
    Strong(String),
    Weak(String),
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Vec<Tag>>> {
    let malformed = || Error::Malformed(format!("{name} is not a list of entity tags such as \"7\", nor *"));
    let mut tags = Vec::new();
    for value in headers.get_all(name) {
        for part in value.to_str().map_err(|_| malformed())?.split(',') {
            tags.push(tag(part.trim()).ok_or_else(malformed)?);
        }
    }
    Ok((!tags.is_empty()).then_some(tags))
}

/// Our tags hold digits only, so a comma inside somebody else's tag can't cut one of ours in two.
fn tag(text: &str) -> Option<Tag> {
    if text == "*" {
        return Some(Tag::Any);
    }
    let (weak, quoted) = text.strip_prefix("W/").map_or((false, text), |rest| (true, rest));
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?.to_owned();
    Some(if weak { Tag::Weak(inner) } else { Tag::Strong(inner) })
}
