//! Round trips: how often an invocation waits for a store, counted where the waiting is done.

use std::future::poll_fn;
use std::pin::pin;

use super::Invocation;

/// A store that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Store {
    PostgreSql,
    Redis,
}

impl Store {
    /// Its name in OpenTelemetry's semantic conventions.
    pub(super) fn system(self) -> &'static str {
        match self {
            Self::PostgreSql => "postgresql",
            Self::Redis => "redis",
        }
    }
}

/// Waits for a store's answer, which is one round trip of the invocation that is under way.
pub async fn trip<F: Future>(store: Store, asking: F) -> F::Output {
    let _span = Invocation::note_trip(store);
    asking.await
}

/// The same for what may not need the store: it is a round trip if there is anything to wait for.
pub async fn trip_if_waiting<F: Future>(store: Store, asking: F) -> F::Output {
    let mut asking = pin!(asking);
    let mut span = None;
    poll_fn(|context| {
        let polled = asking.as_mut().poll(context);
        if polled.is_pending() && span.is_none() {
            span = Some(Invocation::note_trip(store));
        }
        polled
    })
    .await
}
