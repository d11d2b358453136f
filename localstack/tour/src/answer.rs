//! An answer of the API, and the checks the steps make on it.

use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;

use crate::fault::{Fault, member_is};

/// Headers worth showing, where they are there.
const HEADERS: [&str; 4] = ["etag", "location", "x-cache", "retry-after"];

/// Members worth showing, where they are there: of tokens, contacts and problems.
const MEMBERS: [&str; 7] = ["scope", "expires_in", "version", "title", "code", "detail", "currentVersion"];

/// What came back for a request.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Null where the body is not JSON.
    pub body: Value,
}

impl Answer {
    pub fn has_status(&self, expected: u16) -> Result<(), Fault> {
        if self.status.as_u16() == expected {
            return Ok(());
        }
        let found = format!("{} {}", self.status.as_u16(), in_brief(&self.body));
        Err(Fault::unexpected("the status", &expected, &found))
    }

    pub fn has_header(&self, name: &str, expected: &str) -> Result<(), Fault> {
        match self.header(name) {
            Some(found) if found == expected => Ok(()),
            found => Err(Fault::unexpected(format!("the header {name}"), &expected, &found.unwrap_or("absent"))),
        }
    }

    /// Checks a member of the body by its JSON Pointer.
    pub fn has(&self, pointer: &str, expected: impl Into<Value>) -> Result<(), Fault> {
        member_is(&self.body, pointer, expected)
    }

    /// A member of the body that is a text.
    pub fn text(&self, pointer: &str) -> Result<&str, Fault> {
        let found = self.body.pointer(pointer).unwrap_or(&Value::Null);
        found.as_str().ok_or_else(|| Fault::unexpected(pointer, &"a text", found))
    }

    /// The items of a list.
    pub fn items(&self) -> Result<&[Value], Fault> {
        let found = &self.body["items"];
        found.as_array().map(Vec::as_slice).ok_or_else(|| Fault::unexpected("/items", &"a list", found))
    }

    /// Checks that this is a problem of RFC 9457 with the status.
    pub fn is_problem(&self, status: u16) -> Result<(), Fault> {
        self.has_status(status)?;
        self.has_header("content-type", "application/problem+json")?;
        self.has("/status", status)?;
        self.text("/code")?;
        Ok(())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The status and what tells most, in a line.
    pub fn headline(&self) -> String {
        let headers = HEADERS.iter().filter_map(|name| Some(format!("{name}: {}", self.header(name)?)));
        let members = MEMBERS.iter().filter_map(|name| Some(format!("{name}: {}", self.body.get(name)?)));
        [self.status.to_string()].into_iter().chain(headers).chain(members).collect::<Vec<_>>().join("  ")
    }
}

/// JSON in one line, cut where a reader stops reading.
pub fn in_brief(value: &Value) -> String {
    const LONGEST: usize = 160;
    let text = value.to_string();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
