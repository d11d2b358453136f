//! Deliveries: queued in the order of the changes, kept for a while when they are over.

use redis::{AsyncCommands, RedisResult};

use super::Store;
use super::records::text;
use crate::webhooks::{Delivery, State};

/// How many that are over are kept.
const KEPT: usize = 10_000;

/// How many are read at once.
const AT_ONCE: isize = 500;

/// A place in the queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Order(u64);

impl Store {
    /// Queues one that tells of no change.
    pub(crate) async fn queue(&self, delivery: &Delivery) -> RedisResult<()> {
        let keys = &self.keys;
        let mut call = self.queue.key(&keys.deliveries);
        call.key(&keys.order).key(&keys.pending).key(&keys.number).arg(&delivery.key).arg(text(delivery));
        call.invoke_async(&mut self.connection()).await
    }

    /// Pending ones after a place in the queue, in order, and the place they lead up to.
    pub(crate) async fn pending(&self, after: Order) -> RedisResult<(Vec<Delivery>, Order)> {
        let mut connection = self.connection();
        let from = format!("({}", after.0);
        let entries: Vec<(String, u64)> =
            connection.zrangebyscore_limit_withscores(&self.keys.pending, from, "+inf", 0, AT_ONCE).await?;
        let Some((_, last)) = entries.last() else { return Ok((Vec::new(), after)) };
        let keys: Vec<&String> = entries.iter().map(|(key, _)| key).collect();
        Ok((self.deliveries(&keys).await?, Order(*last)))
    }

    /// One of them.
    pub(crate) async fn delivery(&self, key: &str) -> RedisResult<Option<Delivery>> {
        let text: Option<String> = self.connection().hget(&self.keys.deliveries, key).await?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Notes how an attempt went.
    pub(crate) async fn note(&self, delivery: &Delivery) -> RedisResult<()> {
        let keys = &self.keys;
        let over = delivery.state != State::Pending;
        let mut call = self.note.key(&keys.deliveries);
        call.key(&keys.order).key(&keys.pending).key(&keys.finished);
        call.arg(&delivery.key).arg(text(delivery)).arg(u8::from(over)).arg(KEPT);
        call.invoke_async(&mut self.connection()).await
    }

    /// The newest ones that are wanted, at most so many.
    pub(crate) async fn newest(&self, limit: usize, wanted: impl Fn(&Delivery) -> bool) -> RedisResult<Vec<Delivery>> {
        let mut found = Vec::new();
        let mut start = 0;
        while found.len() < limit {
            let keys: Vec<String> = self.connection().zrevrange(&self.keys.order, start, start + AT_ONCE - 1).await?;
            if keys.is_empty() {
                break;
            }
            found.extend(self.deliveries(&keys.iter().collect::<Vec<_>>()).await?.into_iter().filter(&wanted));
            start += AT_ONCE;
        }
        found.truncate(limit);
        Ok(found)
    }

    async fn deliveries(&self, keys: &[&String]) -> RedisResult<Vec<Delivery>> {
        let texts: Vec<Option<String>> = self.connection().hmget(&self.keys.deliveries, keys).await?;
        Ok(texts.iter().flatten().filter_map(|text| serde_json::from_str(text).ok()).collect())
    }
}
