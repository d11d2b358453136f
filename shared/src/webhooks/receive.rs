//! A webhook is accepted: kept as it came, to be worked later.

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use uuid::Uuid;

use super::authenticate::Authentic;
use crate::app::App;
use crate::contact::now;
use crate::db::webhooks::{Received, Webhook, receive as keep};
use crate::error::{Error, Result};
use crate::events::TraceParent;

/// What can't be read has this kind.
const UNKNOWN: &str = "unknown";

/// A reason has at most so many characters.
const MAX_REASON: usize = 1_000;

/// What the CRM is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Our name of the event.
    pub id: Uuid,
    /// Whether it came for the first time.
    pub is_new: bool,
}

/// Keeps a webhook. One that is signed and can't be worked is kept as dead, and refused.
pub async fn receive(app: &App, from: &Authentic, body: &[u8], traceparent: Option<&TraceParent>) -> Result<Receipt> {
    let announced = from.crm.announced(body, &app.rules);
    let failure = announced.verdict.as_ref().err().map(reason);
    // What has no name is known by its content, should it come again.
    let event_id = announced.event_id.unwrap_or_else(|| format!("sha256:{}", hex(body)));
    let webhook = Webhook {
        ce_id: Uuid::now_v7(),
        event_id: &event_id,
        kind: announced.kind.as_deref().unwrap_or(UNKNOWN),
        remote_id: announced.remote_id.as_deref(),
        body,
        received_at: now(),
        failure: failure.as_deref(),
        traceparent,
    };
    let database = app.database.get().await?;
    let kept = match keep(&database, &from.sender, &webhook).await? {
        Some(kept) => Some(kept),
        // Its twin has committed by now.
        None => keep(&database, &from.sender, &webhook).await?,
    };
    announced.verdict?;
    let Received { ce_id, is_new, .. } = kept.ok_or_else(|| Error::unavailable("PostgreSQL", "a webhook is gone"))?;
    Ok(Receipt { id: ce_id, is_new })
}

/// Why a body can't be worked, place by place. It names no value.
pub(super) fn reason(error: &Error) -> String {
    let Error::Invalid(faults) = error else { return error.to_string() };
    let mut text = String::new();
    for fault in faults {
        let joint = if text.is_empty() { "" } else { "; " };
        let place = if fault.pointer.is_empty() { "the whole" } else { &fault.pointer };
        let _ = write!(text, "{joint}{place} {}", fault.detail);
    }
    text.chars().take(MAX_REASON).filter(|c| *c != '\0').collect()
}

fn hex(body: &[u8]) -> String {
    digest(&SHA256, body).as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
