//! The contact in our own form: what it is made of, how it is read from JSON, how it changes.
//!
//! Whatever comes from outside is parsed into these types once, at the edge; code that holds one never checks again.

mod address;
mod custom_fields;
mod email;
mod filter;
mod patch;
mod phone;
mod profile;
pub mod reading;
mod schema;
mod status;
mod tags;
mod text;
mod time;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

pub use address::{Address, AddressPatch};
pub use custom_fields::{Custom, CustomFields, CustomFieldsPatch, plain_number};
pub use email::Email;
pub use filter::{Between, Filter, RemoteKey, Sort, SortKey};
pub use patch::{ContactPatch, Patch};
pub use phone::Phone;
pub use profile::{NewContact, Profile};
pub use schema::LINE;
pub use status::Status;
pub use tags::Tags;
pub use text::{Note, Text};
pub use time::{Time, rfc3339};

/// A contact as it is now.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// The contact's id, a UUIDv7.
    pub id: Uuid,
    /// What its owner may change.
    #[serde(flatten)]
    pub profile: Profile,
    /// Counts the changes, from 1. It is the `ETag`.
    #[schema(minimum = 1)]
    pub version: i32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was deleted, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub deleted_at: Option<Timestamp>,
}

impl Contact {
    /// A new contact, at version 1.
    pub fn create(profile: Profile) -> Self {
        let now = now();
        Self { id: Uuid::now_v7(), profile, version: 1, created_at: now, updated_at: now, deleted_at: None }
    }

    /// The contact as it will be with another profile; `None` if that changes nothing.
    pub fn with_profile(&self, profile: Profile) -> Option<Self> {
        (self.profile != profile).then(|| Self { profile, ..self.next() })
    }

    /// The contact as it will be once it is deleted: it stays, with the time, until the retention has passed.
    #[must_use]
    pub fn deleted(&self) -> Self {
        let next = self.next();
        Self { deleted_at: Some(next.updated_at), ..next }
    }

    /// The contact as it will be once it is restored; `None` if it is not deleted.
    pub fn restored(&self) -> Option<Self> {
        self.deleted_at.map(|_| Self { deleted_at: None, ..self.next() })
    }

    /// Whether it was deleted so long ago that it is gone for good, though it may still have to be purged.
    pub fn is_gone(&self, retention: Duration) -> bool {
        self.deleted_at.is_some_and(|deleted_at| {
            now().duration_since(deleted_at) >= SignedDuration::try_from(retention).unwrap_or(SignedDuration::MAX)
        })
    }

    /// The next version, in which nothing has changed yet. Clocks of two instances may differ; a contact's own time
    /// never goes back.
    fn next(&self) -> Self {
        Self { version: self.version + 1, updated_at: now().max(self.updated_at), ..self.clone() }
    }

    /// The contact in JSON, as the API shows it.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).expect("a contact has only text keys")
    }
}

/// Now, as exact as PostgreSQL keeps it.
pub fn now() -> Timestamp {
    Timestamp::now().round(Unit::Microsecond).expect("rounding a time of this era stays in range")
}
