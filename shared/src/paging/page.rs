//! Pages: as many items as were asked for, or as fit into an answer.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cursor;
use crate::error::Result;

/// A page ends at so many bytes …
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// … or at so many of the answer to the gateway, which is at most 6 MB
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>). The page is a text in it, in which each quote
/// and each backslash is two characters.
const MAX_ESCAPED: usize = 5 * 1024 * 1024 + 512 * 1024;

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// At most so many items.
    pub limit: u8,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The items, each of them JSON.
    pub items: Vec<String>,
    /// Where the next page begins; `None` if this is the last.
    pub next: Option<String>,
    /// How many items the whole list has, if that was asked for.
    pub total: Option<i64>,
}

impl Window {
    /// Where the page before ended; `None` at the beginning. A cursor that belongs to another question is refused.
    pub fn position<P: DeserializeOwned>(&self, question: &str) -> Result<Option<P>> {
        self.cursor.as_deref().map(|cursor| cursor::decode(question, cursor)).transpose()
    }

    /// How many rows to read: one more than fit, which tells whether there is a next page.
    pub fn rows(&self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// Cuts a page from the rows that were read, each an item and its position.
    pub fn cut<P: Serialize>(&self, question: &str, rows: Vec<(P, String)>) -> Page {
        self.cut_within(question, rows, None)
    }

    /// As [`cut`](Self::cut), where it was looked for rows only so far: if all that were read fit, the next page begins there.
    pub fn cut_within<P: Serialize>(&self, question: &str, rows: Vec<(P, String)>, reach: Option<P>) -> Page {
        let (mut bytes, mut escaped, read) = (0, 0, rows.len());
        let mut items = Vec::with_capacity(read);
        let mut last = None;
        for (position, item) in rows.into_iter().take(usize::from(self.limit)) {
            bytes += item.len();
            escaped += item.len() + item.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count();
            if (bytes > MAX_BYTES || escaped > MAX_ESCAPED) && !items.is_empty() {
                break;
            }
            items.push(item);
            last = Some(position);
        }
        let more = items.len() < read;
        let next = if more { last } else { reach };
        let next = next.map(|position| cursor::encode(question, &position));
        Page { items, next, total: None }
    }
}
