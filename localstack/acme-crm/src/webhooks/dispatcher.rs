//! Sends what is queued: the webhooks of one contact one after the other, those of different contacts together.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use redis::RedisResult;
use reqwest::StatusCode;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{info, warn};

use super::send::{cause, send};
use super::{Delivery, State};
use crate::crm::Crm;
use crate::random;
use crate::settings::{Retry, Webhook};
use crate::store::Order;

/// How many are sent at the same time.
const AT_ONCE: usize = 16;

/// How long the queue is left alone when nobody says that there is something in it: a request that was given up by its
/// client may have put something there without saying so.
const LOOK: Duration = Duration::from_millis(250);

/// The wait before something is tried again that Redis refused.
const REDIS_AWAY: Duration = Duration::from_millis(500);

/// By how much a webhook is delayed at most when they are to arrive in disorder.
const DISORDER: Duration = Duration::from_millis(200);

/// Deliveries that wait for the one before them, by contact; a contact that is here has one under way.
#[derive(Default)]
struct Lanes(HashMap<String, VecDeque<String>>);

impl Lanes {
    /// Whether a delivery can be sent now; else it waits.
    fn enter(&mut self, delivery: &Delivery) -> bool {
        if let Some(waiting) = self.0.get_mut(&delivery.record) {
            waiting.push_back(delivery.key.clone());
            return false;
        }
        self.0.insert(delivery.record.clone(), VecDeque::new());
        true
    }

    /// The one that was under way is over; the next, if there is one.
    fn next(&mut self, record: &str) -> Option<String> {
        let next = self.0.get_mut(record).and_then(VecDeque::pop_front);
        if next.is_none() {
            self.0.remove(record);
        }
        next
    }
}

/// Sends for as long as it is polled. Dropping it abandons what is under way, which then stays pending.
pub(crate) async fn dispatch(crm: Arc<Crm>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut lanes = Lanes::default();
    let mut under_way = JoinSet::new();
    let mut read = Order::default();
    loop {
        match crm.store.pending(read).await {
            Ok((pending, last)) => {
                let more = last != read;
                read = last;
                let disorder = crm.faults.get().reordering;
                for delivery in pending {
                    let free = disorder || delivery.is_forged();
                    if free || lanes.enter(&delivery) {
                        let lane = (!free).then_some(delivery.record);
                        let delay = if disorder { random::up_to(DISORDER) } else { Duration::ZERO };
                        under_way.spawn(deliver(Arc::clone(&crm), Arc::clone(&places), delivery.key, lane, delay));
                    }
                }
                if more {
                    continue;
                }
            }
            Err(error) => warn!(%error, "the queue of webhooks can't be read"),
        }
        tokio::select! {
            () = crm.queued.notified() => {}
            () = sleep(LOOK) => {}
            Some(over) = under_way.join_next() => {
                let lane = over.ok().flatten();
                if let Some((key, lane)) = lane.and_then(|lane| Some((lanes.next(&lane)?, lane))) {
                    under_way.spawn(deliver(Arc::clone(&crm), Arc::clone(&places), key, Some(lane), Duration::ZERO));
                }
            }
        }
    }
}

/// Sends one until it is taken or given up, and gives back its lane.
async fn deliver(
    crm: Arc<Crm>,
    places: Arc<Semaphore>,
    key: String,
    lane: Option<String>,
    delay: Duration,
) -> Option<String> {
    sleep(delay).await;
    loop {
        match attempt(&crm, &places, &key).await {
            Ok(Some(wait)) => sleep(wait).await,
            Ok(None) => break,
            Err(error) => {
                warn!(delivery = key, %error, "what became of a webhook can't be noted; it may be sent again");
                sleep(REDIS_AWAY).await;
            }
        }
    }
    crm.settled.notify_waiters();
    lane
}

/// One attempt. The wait before the next, unless it is over.
async fn attempt(crm: &Crm, places: &Semaphore, key: &str) -> RedisResult<Option<Duration>> {
    let _place = places.acquire().await;
    crm.faults.webhooks_flow().await;
    let webhook = receiver(crm).await;
    let Some(mut delivery) = crm.store.delivery(key).await? else { return Ok(None) };
    let retry = crm.settings.retry;

    delivery.last_status = post(crm, &webhook, &delivery).await.map(|status| status.as_u16());
    delivery.attempts += 1;
    if delivery.last_status.is_some_and(|status| (200..300).contains(&status)) {
        delivery.state = State::Delivered;
        if random::happens(crm.faults.get().duplicates) {
            post(crm, &webhook, &delivery).await;
        }
    } else if delivery.is_forged() || delivery.attempts >= retry.tries {
        delivery.state = State::Failed;
    }
    crm.store.note(&delivery).await?;
    Ok((delivery.state == State::Pending).then(|| wait(retry, delivery.attempts)))
}

/// Whoever webhooks go to, as soon as there is somebody.
async fn receiver(crm: &Crm) -> Webhook {
    let mut webhook = crm.webhook.subscribe();
    loop {
        if let Some(webhook) = webhook.borrow_and_update().clone() {
            return webhook;
        }
        // The sender is the CRM's own, so it can't have gone.
        let _ = webhook.changed().await;
    }
}

async fn post(crm: &Crm, webhook: &Webhook, delivery: &Delivery) -> Option<StatusCode> {
    let Delivery { id, event, record, .. } = delivery;
    let attempt = delivery.attempts + 1;
    match send(&crm.client, webhook, delivery).await {
        Ok(response) => {
            let status = response.status();
            info!(id, event, record, attempt, status = status.as_u16(), "webhook");
            Some(status)
        }
        Err(error) => {
            let error = cause(&error);
            info!(id, event, record, attempt, error, "webhook without an answer");
            None
        }
    }
}

/// How long to wait after so many attempts.
fn wait(retry: Retry, attempts: u32) -> Duration {
    let doubled = retry.first.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
    let longest = doubled.min(retry.most);
    longest.saturating_sub(random::up_to(longest / 2))
}

#[cfg(test)]
mod tests {
    use super::wait;
    use crate::settings::Retry;
    use std::time::Duration;

    #[test]
    fn waits_double_up_to_the_longest_and_vary() {
        let retry = Retry::default();
        for (attempts, millis) in [(1, 250), (2, 500), (3, 1000), (8, 30_000), (100, 30_000)] {
            let longest = Duration::from_millis(millis);
            let waits: Vec<_> = (0..50).map(|_| wait(retry, attempts)).collect();
            assert!(waits.iter().all(|wait| *wait <= longest && *wait >= longest / 2), "{waits:?}");
            assert!(waits.iter().any(|wait| *wait != waits[0]));
        }
    }
}
