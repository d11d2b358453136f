//! A CRM's record after it was read.

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::contact::reading::{Read, Reading, whole_number};
use crate::contact::{NewContact, Profile, Text, rfc3339};

/// A record that was read: who it is, how new it is, and what it says in our form.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    /// The record's own id.
    pub remote_id: Option<String>,
    /// Our contact's id, when we made the record. Text that is no id of ours is someone else's, and no fault.
    pub external_id: Option<Uuid>,
    /// How new it is; `None` when it carries no time of change.
    pub stamp: Option<Stamp>,
    /// What it says.
    pub profile: Profile,
}

/// How new a record is: the CRM's clock, then its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// When it changed, in whole microseconds, as exact as PostgreSQL keeps it.
    pub at: Timestamp,
    /// The CRM's count of its changes, if it counts.
    pub version: Option<i64>,
}

/// A remote id: one line of at most 200 characters, and a part of a path.
pub(super) struct RemoteId(pub(super) String);

/// A time by the CRM's clock.
pub(super) struct ChangedAt(pub(super) Timestamp);

/// The CRM's count of changes.
struct RemoteVersion(i64);

impl Read for Incoming {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let mut members = reading.object(value)?;
        let remote_id = reading.optional(&mut members, "remoteId");
        let external_id = external_id(&mut members);
        let at = reading.optional(&mut members, "updatedAt");
        let version = reading.optional(&mut members, "version");
        let new = NewContact::read(Value::Object(members), reading);
        let version = version?.map(|RemoteVersion(version)| version);
        Some(Self {
            remote_id: remote_id?.map(|RemoteId(id)| id),
            external_id,
            stamp: at?.map(|ChangedAt(at)| Stamp { at, version }),
            profile: new?.profile,
        })
    }
}

impl Read for RemoteId {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let id = Text::<200>::read(value, reading)?.as_str().to_owned();
        // In a URL these two are no names but steps.
        if matches!(id.as_str(), "." | "..") { reading.fault("invalid", "must not be . or ..") } else { Some(Self(id)) }
    }
}

impl Read for ChangedAt {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let Value::String(text) = value else {
            return reading.fault("type", "must be a string");
        };
        // Rounded down, so that it is never ahead of the CRM's clock.
        let whole = TimestampRound::new().smallest(Unit::Microsecond).mode(RoundMode::Floor);
        match rfc3339(&text).and_then(|at| at.round(whole).ok()) {
            Some(at) => Some(Self(at)),
            None => reading.fault("invalid", "must be a time by RFC 3339"),
        }
    }
}

impl Read for RemoteVersion {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        match whole_number(value) {
            Some(version) => Some(Self(version)),
            None => reading.fault("type", "must be a whole number"),
        }
    }
}

/// Other systems put ids of their own there, of whatever type.
fn external_id(members: &mut Map<String, Value>) -> Option<Uuid> {
    members.remove("id")?.as_str()?.trim().parse().ok()
}
