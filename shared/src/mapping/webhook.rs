//! What a CRM tells of itself: the request it sends, and what that says.

use jiff::Timestamp;

use super::Record;
use crate::error::Result;

/// A request that says it comes from a CRM, as its signature covers it.
pub struct Delivery<'a> {
    /// A header by its name in lower case.
    pub header: &'a (dyn Fn(&str) -> Option<&'a str> + Sync),
    /// The body, byte by byte.
    pub body: &'a [u8],
}

/// Who a request is about and whether it can be worked: found out without reading the record in it.
#[derive(Debug)]
pub struct Announced {
    /// The CRM's name of the event, which repeats when the CRM sends it again; `None` if there is none to be read.
    pub event_id: Option<String>,
    /// What happened, in the CRM's words.
    pub kind: Option<String>,
    /// The record that it happened to.
    pub remote_id: Option<String>,
    /// All that is wrong with it.
    pub verdict: Result<()>,
}

/// One thing that happened to a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The record.
    pub remote_id: String,
    /// What happened to it.
    pub news: News,
}

/// What is told of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// It is this now.
    Is {
        /// The whole record.
        record: Record,
        /// When it was told: how new the record is, if it doesn't say so itself.
        told_at: Option<Timestamp>,
    },
    /// It was deleted, at this time by the CRM's clock.
    Deleted(Timestamp),
}

impl std::fmt::Debug for Delivery<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery").field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}
