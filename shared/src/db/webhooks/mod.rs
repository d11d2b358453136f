//! Webhooks as they came, and what became of them.

mod filter;
mod get;
mod list;
mod receive;
mod replay;
mod walk;
mod work;

use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use super::failed;
use crate::error::{Error, Result};

pub use filter::{Filter, State};
pub use get::{Found, find};
pub use list::{Listed, list};
pub use receive::{NewWebhook, Received, receive};
pub use replay::{CHUNK, Chunk, Replayed, replay, replay_next};
pub use walk::{Position, Walk};
pub use work::{Finished, Waiting, waiting};

/// A webhook, as the API shows it: without its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Our name of the webhook.
    pub id: Uuid,
    /// The connection that it came from.
    pub connection: String,
    /// The CRM's name of it.
    pub event_id: String,
    /// What it says happened, such as `contact.updated`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The record it tells of.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub remote_id: Option<String>,
    /// What became of it.
    #[schema(inline)]
    pub state: State,
    /// Why it is dead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub failure: Option<String>,
    /// When it came.
    pub received_at: Timestamp,
    /// When it was done with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub processed_at: Option<Timestamp>,
    /// When it was last published.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub published_at: Option<Timestamp>,
}

/// The columns of a [`Webhook`], in the order in which they are read.
macro_rules! columns {
    () => {
        "w.ce_id, w.connection_id, w.event_id, w.type, w.remote_id, w.state, w.failure, w.received_at, w.processed_at, \
         w.published_at"
    };
}
use columns;

fn webhook(row: &Row) -> Result<Webhook> {
    let read = || -> Result<_, tokio_postgres::Error> {
        let state: String = row.try_get(5)?;
        let webhook = |state| -> Result<Webhook, tokio_postgres::Error> {
            Ok(Webhook {
                id: row.try_get(0)?,
                connection: row.try_get(1)?,
                event_id: row.try_get(2)?,
                kind: row.try_get(3)?,
                remote_id: row.try_get(4)?,
                state,
                failure: row.try_get(6)?,
                received_at: row.try_get(7)?,
                processed_at: row.try_get(8)?,
                published_at: row.try_get(9)?,
            })
        };
        State::from_word(&state).map(webhook).transpose()
    };
    read().map_err(failed)?.ok_or_else(|| Error::internal("read a webhook", "it is in a state that has no name"))
}
