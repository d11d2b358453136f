//! What can be made to go wrong.

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// The faults: none by default, all of them together if wished. Counts go down as they are used up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own, on or off")]
pub struct Faults {
    /// Each request to `/auth` and `/contacts` takes so long before anything happens.
    pub latency_ms: u64,
    /// The part of the requests to `/contacts` that is answered 500 before the work, from 0 to 1.
    pub error_rate: f64,
    /// So many next requests to `/contacts` are answered 429.
    pub too_many: u32,
    /// What `Retry-After` says then, in seconds.
    pub retry_after_seconds: u64,
    /// So many next writes are refused with 422 before the work.
    pub refusals: u32,
    /// The part of webhooks that is sent twice, from 0 to 1.
    pub duplicates: f64,
    /// Each webhook is delayed by up to 200 ms, and a record's webhooks keep no order.
    pub reordering: bool,
    /// So many next writes do their work, and then the connection is closed instead of an answer.
    pub answer_lost: u32,
    /// Values are put into the CRM's own form when they are written.
    pub normalise: bool,
    /// Every request to `/auth` and `/contacts` is answered 503 at once, and webhooks are held back.
    pub down: bool,
    /// Webhooks are held back.
    pub hold_webhooks: bool,
    /// The answer to a write comes after its webhook was delivered, or after three seconds.
    pub webhook_first: bool,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            latency_ms: 0,
            error_rate: 0.0,
            too_many: 0,
            retry_after_seconds: 1,
            refusals: 0,
            duplicates: 0.0,
            reordering: false,
            answer_lost: 0,
            normalise: false,
            down: false,
            hold_webhooks: false,
            webhook_first: false,
        }
    }
}

impl Faults {
    /// The members whose values make no sense.
    pub(crate) fn senseless(&self) -> Vec<&'static str> {
        let rates = [("errorRate", self.error_rate), ("duplicates", self.duplicates)];
        rates.iter().filter(|(_, rate)| !(0.0..=1.0).contains(rate)).map(|(name, _)| *name).collect()
    }

    pub(crate) fn holds_webhooks(&self) -> bool {
        self.down || self.hold_webhooks
    }
}

/// The faults in force.
#[derive(Debug, Default)]
pub(crate) struct InForce(watch::Sender<Faults>);

impl InForce {
    pub(crate) fn get(&self) -> Faults {
        self.0.borrow().clone()
    }

    pub(crate) fn set(&self, faults: Faults) {
        self.0.send_replace(faults);
    }

    /// Uses up one of a count; false when none is left.
    pub(crate) fn take(&self, count: impl FnOnce(&mut Faults) -> &mut u32) -> bool {
        self.0.send_if_modified(|faults| {
            let count = count(faults);
            let left = count.checked_sub(1);
            *count = left.unwrap_or(0);
            left.is_some()
        })
    }

    /// Waits until webhooks are not held back.
    pub(crate) async fn webhooks_flow(&self) {
        // The sender is ours, so it can't have gone.
        let _ = self.0.subscribe().wait_for(|faults| !faults.holds_webhooks()).await;
    }
}
