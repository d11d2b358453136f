//! A webhook is accepted: kept as it came, to be worked later.

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use uuid::Uuid;

use super::authenticate::Authentic;
use crate::app::App;
use crate::contact::now;
use crate::db::webhooks::{NewWebhook, Received, receive as keep};
use crate::error::{Error, Result};
use crate::telemetry::{self, Measure, TraceParent};

/// The bytes that are kept of a body that is refused: enough to see what it is. The CRM was told that it is refused, so
/// nothing accepted is lost. Most refused records are smaller and can be replayed whole.
const KEPT_OF_REFUSED: usize = 16 * 1024;

/// What can't be read has this kind.
const UNKNOWN: &str = "unknown";

/// What the CRM is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Our name of the event.
    pub id: Uuid,
    /// Whether it came for the first time.
    pub is_new: bool,
}

/// Keeps a webhook. One that is signed and can't be worked is kept as dead, and refused; of a large one only the beginning
/// is kept.
pub async fn receive(app: &App, from: &Authentic, body: &[u8], traceparent: Option<&TraceParent>) -> Result<Receipt> {
    let announced = from.crm.announced(body, &app.rules);
    let failure = announced.verdict.as_ref().err().map(|error| failure(error, body));
    let kept_bytes = if failure.is_some() { body.len().min(KEPT_OF_REFUSED) } else { body.len() };
    // What has no name is known by its content, should it come again.
    let event_id = announced.event_id.unwrap_or_else(|| format!("sha256:{}", hex(body)));
    let webhook = NewWebhook {
        ce_id: Uuid::now_v7(),
        event_id: &event_id,
        kind: announced.kind.as_deref().unwrap_or(UNKNOWN),
        remote_id: announced.remote_id.as_deref(),
        body: &body[..kept_bytes],
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
    let is_new = kept.as_ref().is_some_and(|kept| kept.is_new);
    let is_dead = announced.verdict.is_err() && is_new;
    telemetry::count(Measure::StoredBytes, if is_new { kept_bytes as u64 } else { 0 });
    telemetry::count(Measure::DeadLetters, u64::from(is_dead));
    announced.verdict?;
    let Received { ce_id, is_new } = kept.ok_or_else(|| Error::unavailable("PostgreSQL", "a webhook is gone"))?;
    Ok(Receipt { id: ce_id, is_new })
}

/// Why a webhook is dead, with the size of its body if that is not kept whole.
fn failure(error: &Error, body: &[u8]) -> String {
    let mut failure = error.reason();
    if body.len() > KEPT_OF_REFUSED {
        let _ = write!(failure, "; the body had {} bytes, the first {KEPT_OF_REFUSED} are kept", body.len());
    }
    failure
}

fn hex(body: &[u8]) -> String {
    digest(&SHA256, body).as_ref().iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
