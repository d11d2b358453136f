//! One event on its way to a function: tried, and tried again as Lambda does for events nobody waits for.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep},
};
use tracing::{error, info, warn};

use crate::{
    invoke::{Invoke, InvokeError},
    template::Function,
};

/// The pause before the second try; before the third it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_mins(1);

/// An event that waits for its function.
pub(super) struct Event {
    pub(super) body: Value,
    pub(super) since: Instant,
}

/// The way to a function, whose concurrency all its events share.
#[derive(Clone)]
pub(super) struct Lane<I> {
    function: Arc<Function>,
    invoker: I,
    running: Arc<Semaphore>,
}

impl<I: Invoke> Lane<I> {
    pub(super) fn new(function: &Function, invoker: I) -> Self {
        // Without a reservation Lambda would start as many as it likes; one is what a local machine has to offer.
        let most = function.reserved_concurrency.map_or(1, |reserved| reserved as usize);
        Self { function: Arc::new(function.clone()), invoker, running: Arc::new(Semaphore::new(most)) }
    }

    /// A place among the invocations that run at once. `None` never comes: the semaphore isn't closed.
    pub(super) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.running).acquire_owned().await.ok()
    }

    /// Tries the event until it succeeds, its tries are used up, or it is too old.
    pub(super) async fn deliver(self, event: Event, mut place: Option<OwnedSemaphorePermit>) {
        let policy = self.function.asynchronous;
        let function = self.function.name.as_str();
        let mut pause = FIRST_PAUSE;
        for attempt in 0..=policy.retries {
            if event.since.elapsed() > policy.max_age {
                warn!(function, max_age = ?policy.max_age, "event dropped: it grew too old before it could run");
                return;
            }
            if self.attempt(&event.body).await {
                return;
            }
            // The function is free for other events while this one waits.
            drop(place.take());
            if attempt < policy.retries {
                info!(function, in_seconds = pause.as_secs(), "the event will be tried again");
                sleep(pause).await;
                pause *= 2;
                place = self.place().await;
            }
        }
        if policy.retries > 0 {
            error!(function, attempts = policy.retries + 1, "event given up");
        }
    }

    /// Whether the event is done with. An endpoint that is away has nothing that could keep the event,
    /// so that the schedule's next tick is what follows.
    async fn attempt(&self, body: &Value) -> bool {
        let function = self.function.name.as_str();
        let start = Instant::now();
        let outcome = self.invoker.invoke(&self.function, body).await;
        let milliseconds = start.elapsed().as_millis();
        match outcome {
            Ok(_) => {
                info!(function, milliseconds, "succeeded");
                true
            }
            Err(error @ InvokeError::Unreachable(_)) => {
                warn!(function, milliseconds, %error, "not invoked; the next tick tries anew");
                true
            }
            Err(error) => {
                error!(function, milliseconds, %error, "failed");
                false
            }
        }
    }
}
