//! Keeping a webhook.

use jiff::Timestamp;
use uuid::Uuid;

use super::State;
use crate::auth::Sender;
use crate::db::{GenericClient, failed};
use crate::error::Result;
use crate::telemetry::TraceParent;

/// A webhook as it came.
#[derive(Debug)]
pub struct NewWebhook<'a> {
    /// Our public name of it.
    pub ce_id: Uuid,
    /// The CRM's.
    pub event_id: &'a str,
    /// What happened, in the CRM's words.
    pub kind: &'a str,
    /// The record that it happened to.
    pub remote_id: Option<&'a str>,
    /// The body, byte by byte.
    pub body: &'a [u8],
    /// When it came.
    pub received_at: Timestamp,
    /// Why it can't be worked; then it is parked at once.
    pub failure: Option<&'a str>,
    /// The trace it belongs to.
    pub traceparent: Option<&'a TraceParent>,
}

/// What is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Our public name of it.
    pub ce_id: Uuid,
    /// Whether it came for the first time.
    pub is_new: bool,
}

/// Keeps a webhook. `None`: another request keeps the same event just now, and this one can't see it yet.
pub async fn receive(db: &impl GenericClient, sender: &Sender, webhook: &NewWebhook<'_>) -> Result<Option<Received>> {
    let state = if webhook.failure.is_some() { State::Dead } else { State::Received };
    let traceparent = webhook.traceparent.map(TraceParent::as_str);
    let statement = db.prepare_cached(include_str!("../sql/receive_webhook.sql")).await.map_err(failed)?;
    let row = db
        .query_opt(
            &statement,
            &[
                &webhook.ce_id,
                &sender.tenant,
                &sender.connection,
                &webhook.event_id,
                &webhook.kind,
                &webhook.remote_id,
                &state.as_str(),
                &webhook.body,
                &webhook.received_at,
                &webhook.failure,
                &traceparent,
            ],
        )
        .await
        .map_err(failed)?;
    let read = |row: tokio_postgres::Row| -> Result<Received, tokio_postgres::Error> {
        Ok(Received { ce_id: row.try_get(0)?, is_new: row.try_get(1)? })
    };
    row.map(read).transpose().map_err(failed)
}
