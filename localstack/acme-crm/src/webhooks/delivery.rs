//! A webhook on its way.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::record::Record;
use crate::time;

/// What happened to a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Created,
    Updated,
    Deleted,
}

/// How far a delivery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Pending,
    Delivered,
    Failed,
}

/// A webhook, and how its attempts went.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delivery {
    /// Its name in the queue. Events made by hand may repeat an event's id, so that one won't do.
    pub(crate) key: String,
    /// The event's id.
    pub(crate) id: String,
    pub(crate) event: String,
    /// The contact it is about: those of one contact go one after the other.
    pub(crate) record: String,
    pub(crate) state: State,
    pub(crate) attempts: u32,
    /// What the receiver answered last; nothing if it did not answer.
    pub(crate) last_status: Option<u16>,
    /// When the change happened.
    pub(crate) at: String,
    pub(crate) body: String,
    #[serde(default)]
    pub(crate) forgery: Forgery,
}

/// How an event made by hand is to be unlike a real one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Forgery {
    pub(crate) signature: Option<String>,
    pub(crate) signature_timestamp: Option<String>,
    pub(crate) secret: Option<String>,
    /// The body is not what an event's is.
    #[serde(default)]
    pub(crate) raw: bool,
}

impl Event {
    fn name(self) -> &'static str {
        match self {
            Self::Created => "contact.created",
            Self::Updated => "contact.updated",
            Self::Deleted => "contact.deleted",
        }
    }
}

impl Delivery {
    /// That a contact is now like this.
    pub(crate) fn of(event: Event, record: &Record) -> Self {
        let at = record.updated().unwrap_or_default();
        Self::new(event, record, at, &json!(record))
    }

    /// That a contact is gone, which it is later than whatever happened to it before.
    pub(crate) fn of_deletion(record: &Record) -> Self {
        let at = time::after(record.updated());
        Self::new(Event::Deleted, record, at, &json!({"id": record.id(), "deletedAt": time::text(at)}))
    }

    fn new(event: Event, record: &Record, at: Timestamp, data: &Value) -> Self {
        let (id, at) = (event_id(), time::text(at));
        let body = json!({"event": event.name(), "id": id, "timestamp": at, "data": data});
        Self::queued(id, event.name().to_owned(), record.id().to_owned(), at, body.to_string())
    }

    /// One that is still to be sent.
    pub(crate) fn queued(id: String, event: String, record: String, at: String, body: String) -> Self {
        Self {
            key: format!("dl_{}", Uuid::now_v7().simple()),
            id,
            event,
            record,
            state: State::Pending,
            attempts: 0,
            last_status: None,
            at,
            body,
            forgery: Forgery::default(),
        }
    }

    /// Whether it is made to be refused: it is sent once, and nothing waits for it.
    pub(crate) fn is_forged(&self) -> bool {
        self.forgery != Forgery::default()
    }
}

/// A new event's id.
pub(crate) fn event_id() -> String {
    format!("ev_{}", Uuid::now_v7().simple())
}
