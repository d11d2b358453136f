//! Query parameters. An unknown or bad one is refused: ignoring it would answer another question.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lambda_http::RequestExt;

use super::Request;
use crate::contact::{Between, rfc3339};
use crate::contacts::Shown;
use crate::error::{Error, Result};
use crate::paging::{MAX_CURSOR, Window};

/// A page has at most so many items, …
pub const MAX_LIMIT: u8 = 200;

/// … and so many if nothing is said of that.
pub const DEFAULT_LIMIT: u8 = 50;

/// A remote id has at most so many characters, and so has the id of a connection.
pub const MAX_ID: usize = 200;

/// The parameters of a request, each of which is taken once.
pub(super) struct Parameters(BTreeMap<String, String>);

/// What a reader of one contact wants to see.
pub fn shown(request: &Request) -> Result<Shown> {
    let mut parameters = Parameters::of(request)?;
    let shown = Shown { deleted: parameters.include_deleted()?, links: parameters.include_links()? };
    parameters.finish()?;
    Ok(shown)
}

/// Which part of a list that has no other parameters.
pub fn window(request: &Request) -> Result<Window> {
    let mut parameters = Parameters::of(request)?;
    let window = parameters.window()?;
    parameters.finish()?;
    Ok(window)
}

impl Parameters {
    /// All of them; none may be given twice.
    pub(super) fn of(request: &Request) -> Result<Self> {
        let mut all = BTreeMap::new();
        for (name, value) in request.query_string_parameters_ref().into_iter().flat_map(|map| map.iter()) {
            if all.insert(name.to_owned(), value.to_owned()).is_some() {
                return Err(Error::Malformed("a query parameter is given twice".to_owned()));
            }
        }
        Ok(Self(all))
    }

    /// A parameter, if it was given.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// A parameter that can be read as a `T`, which `can_be` describes.
    pub(super) fn read<T>(
        &mut self,
        name: &str,
        can_be: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(text) = self.take(name) else { return Ok(None) };
        read(&text).map(Some).ok_or_else(|| Error::Malformed(format!("the parameter {name} can only be {can_be}")))
    }

    /// `connection`.
    pub(super) fn connection(&mut self) -> Result<Option<String>> {
        self.read("connection", "the id of a connection", id)
    }

    /// `remoteId`.
    pub(super) fn remote_id(&mut self) -> Result<Option<String>> {
        self.read("remoteId", "the id of a record in the CRM", id)
    }

    /// A stretch of time, by the parameters that name its ends.
    pub(super) fn between(&mut self, after: &str, before: &str) -> Result<Between> {
        let mut time = |name| self.read(name, "a time such as 2026-01-31T12:00:00Z", rfc3339);
        let (after, before): (Option<Timestamp>, Option<Timestamp>) = (time(after)?, time(before)?);
        Ok(Between { after, before })
    }

    /// `limit` and `cursor`.
    pub(super) fn window(&mut self) -> Result<Window> {
        let number = |text: &str| text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit));
        let limit = self.read("limit", &format!("a whole number from 1 to {MAX_LIMIT}"), number)?;
        let short = |text: &str| (text.len() <= MAX_CURSOR).then(|| text.to_owned());
        let cursor = self.read("cursor", "what an answer gave as next", short)?;
        Ok(Window { limit: limit.unwrap_or(DEFAULT_LIMIT), cursor })
    }

    /// `includeDeleted`.
    pub(super) fn include_deleted(&mut self) -> Result<bool> {
        Ok(self.read("includeDeleted", "true or false", |text| text.parse().ok())?.unwrap_or_default())
    }

    /// `include=links`.
    pub(super) fn include_links(&mut self) -> Result<bool> {
        Ok(self.read("include", "links", |text| (text == "links").then_some(true))?.unwrap_or_default())
    }

    /// Whatever is left is unknown.
    pub(super) fn finish(self) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Error::Malformed("there is a query parameter that this route does not have".to_owned()))
    }
}

fn id(text: &str) -> Option<String> {
    (is_plain(text, 1, MAX_ID) && text.trim() == text).then(|| text.to_owned())
}

/// Whether PostgreSQL can be asked for it, and it may be something.
pub(super) fn is_plain(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}
