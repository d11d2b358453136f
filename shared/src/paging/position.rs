//! Parts of a position, read so that PostgreSQL takes them: a cursor that was made by hand may hold anything.

use jiff::Timestamp;
use serde::Deserialize;

use crate::contact::rfc3339;
use crate::id;

/// A row's number, which begins at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub struct RowNumber(pub i64);

/// A contact's version, which begins at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i32")]
pub struct Version(pub i32);

/// A time within the years that PostgreSQL stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct StoredTime(pub Timestamp);

/// The id of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ConnectionId(pub String);

impl TryFrom<i64> for RowNumber {
    type Error = &'static str;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        if number > 0 { Ok(Self(number)) } else { Err("not a row's number") }
    }
}

impl TryFrom<i32> for Version {
    type Error = &'static str;

    fn try_from(version: i32) -> Result<Self, Self::Error> {
        if version > 0 { Ok(Self(version)) } else { Err("not a version") }
    }
}

impl TryFrom<String> for StoredTime {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        rfc3339(&text).map(Self).ok_or("not a time that can be stored")
    }
}

impl TryFrom<String> for ConnectionId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if id::is_connection(&text) { Ok(Self(text)) } else { Err("not a connection's id") }
    }
}
