//! What happened to a contact: one event for every version, written with the change and published later.

pub mod kafka;
mod wake_up;

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::contact::Contact;
use crate::telemetry::TraceParent;

pub use kafka::KafkaRecord;

/// What was done to the contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Kind {
    Created,
    Updated,
    Deleted,
    Restored,
}

/// Who made the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Origin {
    /// A client of the API.
    Api {
        /// Its id.
        client: String,
    },
    /// The CRM of a connection.
    Connection {
        /// Its id.
        connection: String,
    },
}

/// An event that is about to be written, together with the change it tells of.
#[derive(Debug, Clone)]
pub struct ContactEvent {
    /// Its public name: `id` in CloudEvents, never used twice.
    pub ce_id: Uuid,
    /// What was done.
    pub kind: Kind,
    /// Who did it.
    pub origin: Origin,
    /// The contact before, unless it is new.
    pub before: Option<Value>,
    /// The contact after.
    pub after: Value,
    /// The top-level members that differ, in alphabetical order, without those that every change touches.
    pub changed_fields: Vec<String>,
    /// The trace the change belongs to.
    pub traceparent: Option<TraceParent>,
}

impl Kind {
    /// The word for it in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
        }
    }
}

impl Origin {
    /// As it is stored and published.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_else(|_| json!({}))
    }
}

impl ContactEvent {
    /// The event of a change from `before` to `after`.
    pub fn of(
        kind: Kind,
        before: Option<&Contact>,
        after: &Contact,
        origin: Origin,
        traceparent: Option<TraceParent>,
    ) -> Self {
        let before = before.map(Contact::to_json);
        let after = after.to_json();
        let changed_fields = changed_fields(before.as_ref(), &after);
        Self { ce_id: Uuid::now_v7(), kind, origin, before, after, changed_fields, traceparent }
    }
}

/// The members that differ. Version and time of change always do and say nothing.
fn changed_fields(before: Option<&Value>, after: &Value) -> Vec<String> {
    let nothing = json!({});
    let (before, after) = (before.unwrap_or(&nothing).as_object(), after.as_object());
    let (Some(before), Some(after)) = (before, after) else {
        return Vec::new();
    };
    let mut names: Vec<_> = before
        .keys()
        .chain(after.keys())
        .filter(|name| before.get(*name) != after.get(*name))
        .filter(|name| !matches!(name.as_str(), "id" | "version" | "createdAt" | "updatedAt"))
        .cloned()
        .collect();
    names.sort();
    names.dedup();
    names
}
