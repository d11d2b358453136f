//! Links: which contact is which record of a CRM, and what was last seen of it.

mod query;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::contact::RemoteKey;
use crate::mapping::{Record, Stamp};

pub use query::{Asked, Tied, find_all, lock_keys};

/// A link.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Our side.
    pub contact_id: Uuid,
    /// Their side: in which CRM account, …
    pub connection: String,
    /// … and by which id; `None` while the first write to the CRM has not been answered.
    pub remote_id: Option<String>,
    /// The last whole record seen.
    pub base: Option<Record>,
    /// How new that was.
    pub base_stamp: Option<Stamp>,
    /// What is being written to the CRM, or was when it last was tried: so its echo is known even when it comes before the
    /// CRM's answer.
    pub sending: Option<Sending>,
    /// Until when whoever is writing it has it alone.
    pub claimed_until: Option<Timestamp>,
    /// The version of the contact that the CRM has.
    pub pushed_version: i32,
    /// Where it stands.
    pub state: LinkState,
    /// How often writing to the CRM has failed in a row.
    pub attempts: i32,
    /// Since when it has failed, with every try.
    pub failing_since: Option<Timestamp>,
    /// When to write to the CRM again.
    pub retry_at: Option<Timestamp>,
    /// Why the last try failed.
    pub failure: Option<String>,
    /// When both sides were last the same.
    pub synced_at: Option<Timestamp>,
}

/// A version of the contact on its way to the CRM.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sending {
    /// Which.
    pub version: i32,
    /// The whole record as it should be then; `None` if it is to be deleted.
    pub record: Option<Record>,
    /// When it set out, by our clock.
    pub since: Timestamp,
}

/// A record that its CRM has deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tombstone {
    /// Which.
    pub key: RemoteKey,
    /// When, by the CRM's clock.
    pub deleted_at: Timestamp,
}

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// Something has to be written to the CRM.
    Pending,
    /// Both sides are the same.
    Synced,
    /// Writing failed and will be tried again.
    Failing,
    /// Writing failed for good.
    Dead,
}

/// A field that both sides changed at once.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Conflict {
    /// Of which contact.
    pub contact_id: Uuid,
    /// With which CRM account.
    pub connection: String,
    /// The field, in our form; a custom field is `customFields/<name>`.
    pub field: String,
    /// What we had; `None` if nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub ours: Option<Value>,
    /// What they had.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub theirs: Option<Value>,
    /// Which of the two was kept.
    #[schema(inline)]
    pub kept: Side,
    /// When.
    pub occurred_at: Timestamp,
}

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Side {
    Ours,
    Theirs,
}

impl Link {
    /// A new link, of which nothing has been seen yet.
    pub fn new(contact_id: Uuid, key: RemoteKey) -> Self {
        Self { remote_id: Some(key.remote_id), ..Self::untold(contact_id, key.connection) }
    }

    /// A link to a record that is not there yet.
    pub fn untold(contact_id: Uuid, connection: String) -> Self {
        Self {
            contact_id,
            connection,
            remote_id: None,
            base: None,
            base_stamp: None,
            sending: None,
            claimed_until: None,
            pushed_version: 0,
            state: LinkState::Pending,
            attempts: 0,
            failing_since: None,
            retry_at: None,
            failure: None,
            synced_at: None,
        }
    }

    /// The link once both sides are the same, the contact in this version.
    #[must_use]
    pub fn in_sync(self, version: i32, now: Timestamp) -> Self {
        Self {
            sending: None,
            claimed_until: None,
            pushed_version: version,
            state: LinkState::Synced,
            attempts: 0,
            failing_since: None,
            retry_at: None,
            failure: None,
            synced_at: Some(now),
            ..self
        }
    }

    pub(super) fn to_row(&self) -> Value {
        json!({
            "contact_id": self.contact_id,
            "connection_id": self.connection,
            "remote_id": self.remote_id,
            "base": self.base,
            "base_timestamp": self.base_stamp.map(|stamp| stamp.at),
            "base_version": self.base_stamp.and_then(|stamp| stamp.version),
            "sending": self.sending,
            "claimed_until": self.claimed_until,
            "pushed_version": self.pushed_version,
            "state": self.state.as_str(),
            "attempts": self.attempts,
            "failing_since": self.failing_since,
            "retry_at": self.retry_at,
            "failure": self.failure,
            "synced_at": self.synced_at,
        })
    }
}

impl LinkState {
    const ALL: [Self; 4] = [Self::Pending, Self::Synced, Self::Failing, Self::Dead];

    fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Synced => "synced",
            Self::Failing => "failing",
            Self::Dead => "dead",
        }
    }

    fn from_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.as_str() == word).unwrap_or(Self::Pending)
    }
}

impl Tombstone {
    pub(super) fn to_row(&self) -> Value {
        json!({
            "connection_id": self.key.connection,
            "remote_id": self.key.remote_id,
            "deleted_at": self.deleted_at,
        })
    }
}

impl Conflict {
    pub(super) fn to_row(&self) -> Value {
        json!({
            "contact_id": self.contact_id,
            "connection_id": self.connection,
            "field": self.field,
            "ours": self.ours,
            "theirs": self.theirs,
            "kept": self.kept,
            "occurred_at": self.occurred_at,
        })
    }
}
