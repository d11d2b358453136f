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
    let strong = tags.iter().filter_map(|tag| if let Tag::Strong(text) = tag { version(text) } else { None });
    Ok(Some(Precondition::OneOf(strong.collect())))
}

/// Whether `If-None-Match` says that the caller has this version already.
pub fn matches_none(request: &Request, version: i32) -> Result<bool> {
    has(request, &version.to_string())
}

/// Whether `If-None-Match` says that the caller has what this tag names. It compares weakly.
pub(super) fn has(request: &Request, named: &str) -> Result<bool> {
    let tags = tags(request.headers(), &IF_NONE_MATCH)?.unwrap_or_default();
    Ok(tags.iter().any(|tag| match tag {
        Tag::Any => true,
        Tag::Strong(text) | Tag::Weak(text) => text == named,
    }))
}

#[derive(Debug, PartialEq, Eq)]
enum Tag {
    Any,
    Strong(String),
    Weak(String),
}

/// The version that a tag of ours names. `"02"` is not one of them, though it is a number.
fn version(text: &str) -> Option<i32> {
    text.parse().ok().filter(|version: &i32| version.to_string() == text)
}

fn tags(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Vec<Tag>>> {
    let malformed = || Error::Malformed(format!("{name} is not a list of entity tags such as \"7\", nor *"));
    if !headers.contains_key(name) {
        return Ok(None);
    }
    let mut tags = Vec::new();
    for value in headers.get_all(name) {
        list(value.to_str().ok(), &mut tags).ok_or_else(malformed)?;
    }
    if tags.is_empty() { Err(malformed()) } else { Ok(Some(tags)) }
}

/// Reads a list whose elements may be empty (RFC 9110, section 5.6.1.2). A comma can be part of a tag, so the list
/// can't be cut at its commas first.
fn list(text: Option<&str>, tags: &mut Vec<Tag>) -> Option<()> {
    let mut rest = text?.trim();
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        if rest.is_empty() {
            return Some(());
        }
        let (tag, after) = tag(rest)?;
        tags.push(tag);
        rest = after.trim_start();
        if !rest.is_empty() && !rest.starts_with(',') {
            return None;
        }
    }
}

fn tag(text: &str) -> Option<(Tag, &str)> {
    if let Some(rest) = text.strip_prefix('*') {
        return Some((Tag::Any, rest));
    }
    let (weak, quoted) = text.strip_prefix("W/").map_or((false, text), |rest| (true, rest));
    let (inner, rest) = quoted.strip_prefix('"')?.split_once('"')?;
    let inner = inner.to_owned();
    Some((if weak { Tag::Weak(inner) } else { Tag::Strong(inner) }, rest))
}
