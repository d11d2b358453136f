//! Publishing a batch: rows with one key one after the other, different keys together.
//!
//! A key's next row goes out only after the broker has acknowledged the one before, because librdkafka keeps no order
//! among records of which one has timed out.

use std::collections::{HashMap, VecDeque};

use crosswalk::Result;
use crosswalk::db::outbox::Waiting;
use crosswalk::telemetry::{Span, TraceParent};
use futures::future::join_all;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{FutureProducer, FutureRecord};

use crate::cloudevent;
use crate::outlet::Outlet;
use crate::producer::{Context, Producer};
use crate::settings::Settings;

/// Publishes rows.
pub struct Publisher {
    producer: Producer,
}

/// What became of a batch. Rows that are in neither list still wait.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What the broker has.
    pub published: Vec<Waiting>,
    /// What it will never take, and why.
    pub refused: Vec<(Waiting, String)>,
    /// Why the others failed, by one example.
    pub failure: Option<KafkaError>,
}

/// Why a row was not taken.
enum Obstacle {
    /// For its own sake, or for that of another in the same batch of records.
    Refused(KafkaError),
    /// It may well be taken next time.
    Failed(KafkaError),
}

/// Rows with one key, in their order.
type Queue = VecDeque<Waiting>;

impl Publisher {
    /// A publisher with these settings. It connects nothing yet.
    pub fn new(settings: &Settings) -> Self {
        Self { producer: Producer::new(settings) }
    }

    /// Lets the producer connect ahead of the first row. A failure will be seen by whoever publishes.
    pub fn warm(&self) {
        drop(self.producer.get());
    }

    /// Publishes rows, as long as we may, and returns when each has been delivered or has failed: nothing is left in
    /// the producer. A row that fails holds back the later ones with its key, and no others.
    pub async fn publish(&self, outlet: &Outlet, rows: Vec<Waiting>, may_send: impl Fn() -> bool) -> Result<Outcome> {
        let producer = self.producer.get()?;
        let batch = Batch { producer, outlet, may_send };
        let mut outcome = Outcome::default();
        let mut queues = by_key(rows);
        while !queues.is_empty() {
            let drained = join_all(queues.into_iter().map(|queue| batch.drain(queue))).await;
            queues = Vec::new();
            for Drained { published, stopped } in drained {
                outcome.published.extend(published);
                match stopped {
                    None => {}
                    Some((_, Obstacle::Failed(error))) => outcome.failure = Some(error),
                    Some((queue, Obstacle::Refused(_))) => queues.push(queue),
                }
            }
            queues = batch.judge(queues, &mut outcome).await;
        }
        if outcome.failure.is_some() {
            self.producer.replace_if_broken();
        }
        Ok(outcome)
    }
}

struct Batch<'a, M> {
    producer: FutureProducer<Context>,
    outlet: &'a Outlet,
    may_send: M,
}

/// How far a queue came. If its next row was not taken: what is left, with that row, and why.
struct Drained {
    published: Vec<Waiting>,
    stopped: Option<(Queue, Obstacle)>,
}

impl<M: Fn() -> bool> Batch<'_, M> {
    /// Sends the rows of a queue one after the other, until one is not taken or we may send no more.
    async fn drain(&self, mut queue: Queue) -> Drained {
        let mut published = Vec::with_capacity(queue.len());
        while (self.may_send)()
            && let Some(row) = queue.pop_front()
        {
            match self.send(&row).await {
                Ok(()) => published.push(row),
                Err(obstacle) => {
                    queue.push_front(row);
                    return Drained { published, stopped: Some((queue, obstacle)) };
                }
            }
        }
        Drained { published, stopped: None }
    }

    /// Finds out which rows were refused for their own sake: the broker refuses a whole batch of records for one of
    /// them, or because together they are too large. So each is sent once more while nothing else is. Returns what is
    /// left to do.
    async fn judge(&self, suspects: Vec<Queue>, outcome: &mut Outcome) -> Vec<Queue> {
        let mut left = Vec::with_capacity(suspects.len());
        for mut queue in suspects {
            if !(self.may_send)() {
                break;
            }
            let Some(row) = queue.pop_front() else { continue };
            match self.send(&row).await {
                Ok(()) => outcome.published.push(row),
                Err(Obstacle::Refused(error)) => {
                    let reason =
                        format!("the broker takes no such record ({} bytes of value): {error}", row.value.len());
                    outcome.refused.push((row, reason));
                }
                Err(Obstacle::Failed(error)) => {
                    outcome.failure = Some(error);
                    continue;
                }
            }
            left.push(queue);
        }
        left
    }

    async fn send(&self, row: &Waiting) -> Result<(), Obstacle> {
        let mut span = Span::producer(&self.outlet.topic, row.traceparent.as_deref().and_then(TraceParent::parse));
        span.set_all(|| [("messaging.message.id", row.ce_id.to_string().into())]);
        let record = FutureRecord::to(&self.outlet.topic)
            .key(&row.key)
            .payload(&row.value)
            .headers(cloudevent::headers(self.outlet, row, span.context()));
        let error = match self.producer.send_result(record) {
            Ok(delivery) => match delivery.await {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err((error, _))) => error,
                Err(_) => KafkaError::Canceled,
            },
            Err((error, _)) => error,
        };
        span.fail("kafka");
        Err(if is_refusal(&error) { Obstacle::Refused(error) } else { Obstacle::Failed(error) })
    }
}

/// Whether the broker (or the client, by the same limit) objects to the record itself, and always will.
fn is_refusal(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::MessageSizeTooLarge
                | RDKafkaErrorCode::MessageBatchTooLarge
                | RDKafkaErrorCode::InvalidRecord
                | RDKafkaErrorCode::InvalidDifferentRecord
        )
    )
}

/// The rows by their keys, each key's in their order.
fn by_key(rows: Vec<Waiting>) -> Vec<Queue> {
    let mut places = HashMap::with_capacity(rows.len());
    let mut queues: Vec<Queue> = Vec::new();
    for row in rows {
        let place = *places.entry(row.key.clone()).or_insert_with(|| {
            queues.push(Queue::new());
            queues.len() - 1
        });
        queues[place].push_back(row);
    }
    queues
}

#[cfg(test)]
mod tests {
    use super::{Waiting, by_key};
    use uuid::Uuid;

    fn row(id: i64, key: &str) -> Waiting {
        Waiting {
            id,
            ce_id: Uuid::nil(),
            tenant: "tn_one".into(),
            key: key.into(),
            kind: "updated".into(),
            occurred_at: jiff::Timestamp::UNIX_EPOCH,
            traceparent: None,
            value: "{}".into(),
            contact: None,
            turn: 0,
        }
    }

    #[test]
    fn rows_with_one_key_keep_their_order() {
        let queues = by_key(vec![row(1, "a"), row(2, "b"), row(3, "a"), row(5, "c"), row(8, "a")]);
        let ids: Vec<Vec<_>> = queues.iter().map(|queue| queue.iter().map(|row| row.id).collect()).collect();
        assert_eq!(ids, [vec![1, 3, 8], vec![2], vec![5]]);
    }
}
