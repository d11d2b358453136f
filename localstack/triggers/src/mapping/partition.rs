//! One partition: its records in batches, each until it is done with, and then the next.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, sleep, timeout_at},
};
use tracing::{error, info, warn};

use super::{
    Mapping,
    backlog::Outlet,
    backoff::Backoff,
    batch::Batch,
    destination::{Condition, Destination, Obituary},
    event::{MOST_BYTES, Partition, Source},
    record::Record,
    reply::{self, Verdict},
};
use crate::{
    invoke::{Invoke, InvokeError},
    template::Reply,
};

/// Whether a partition is still ours to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Working,
    /// What is under way still counts; nothing new is begun.
    Ending,
    /// Somebody else has it, so that nothing counts any more.
    Lost,
}

/// What all partitions of a mapping share.
pub(super) struct Setup<I> {
    pub(super) mapping: Mapping,
    pub(super) source: Source,
    pub(super) function_arn: String,
    pub(super) invoker: I,
    pub(super) places: Arc<Semaphore>,
    pub(super) destination: Option<Destination>,
}

/// The work on one partition.
pub(super) struct Worker<I> {
    pub(super) setup: Arc<Setup<I>>,
    pub(super) partition: Partition,
    pub(super) standing: watch::Receiver<Standing>,
    /// Takes the offset below which everything is done.
    pub(super) progress: Box<dyn Fn(i64) + Send + Sync>,
}

/// How an attempt ended.
enum Outcome {
    Done,
    /// The records from this offset on failed.
    Failed(i64),
    /// Nothing was tried, for there was nobody to try it with.
    Away,
}

impl<I: Invoke> Worker<I> {
    /// Works until the partition is no longer ours to work.
    pub(super) async fn run(self, mut records: Outlet) {
        let mut left = None;
        loop {
            let batch = tokio::select! {
                biased;
                () = self.dismissed() => return,
                batch = self.collect(&mut records, &mut left) => batch,
            };
            let Some(batch) = batch else { return };
            self.deliver(batch).await;
        }
    }

    /// Waits for the next batch. A record that would make it too large is left for the one after it.
    async fn collect(&self, records: &mut Outlet, left: &mut Option<Record>) -> Option<Batch> {
        let kafka = &self.setup.mapping.kafka;
        let first = match left.take() {
            Some(record) => record,
            None => records.next().await?,
        };
        let deadline = first.since + kafka.window;
        let room = MOST_BYTES.saturating_sub(self.frame());
        let mut size = first.size;
        let mut batch = Batch::of(first);
        while batch.len() < kafka.batch_size
            && let Ok(record) = timeout_at(deadline, records.next()).await
        {
            let record = record?;
            size += 1 + record.size;
            if size > room {
                *left = Some(record);
                break;
            }
            batch.push(record);
        }
        Some(batch)
    }

    /// Tries the batch until it succeeds or is given up, or the partition is no longer ours to work.
    async fn deliver(&self, batch: Batch) {
        let kafka = &self.setup.mapping.kafka;
        let mut backoff = Backoff::default();
        // What is to be tried, the next last, and how often it has been.
        let mut parts = vec![(batch, 0)];
        while let Some((batch, tries)) = parts.pop() {
            let Some(batch) = self.without_the_old(batch, tries).await else { return };
            if batch.is_empty() {
                (self.progress)(batch.next());
                continue;
            }
            if batch.len() == 1 && self.frame() + batch.size() > MOST_BYTES {
                if !self.give_up(batch, Condition::MaximumPayloadSizeExceeded, tries).await {
                    return;
                }
                continue;
            }
            let Some(outcome) = self.attempt(&batch, tries + 1).await else { return };
            match outcome {
                Outcome::Done => {
                    (self.progress)(batch.next());
                    backoff.reset();
                    continue;
                }
                // What came before is done, and what follows is a batch of its own that failed for the first time.
                Outcome::Failed(from) if batch.offsets().is_some_and(|(first, _)| from > first) => {
                    (self.progress)(from);
                    backoff.reset();
                    parts.push((batch.from(from), 1));
                }
                Outcome::Failed(_) => match if kafka.bisect { batch.halves() } else { Err(batch) } {
                    // A try that split the batch is not counted.
                    Ok((first, second)) => parts.extend([(second, tries), (first, tries)]),
                    Err(batch) => parts.push((batch, tries + 1)),
                },
                Outcome::Away => parts.push((batch, tries)),
            }
            if let Some((_, tries)) = parts.last()
                && kafka.retries.is_some_and(|retries| *tries > retries)
                && let Some((batch, tries)) = parts.pop()
            {
                if !self.give_up(batch, Condition::RetryAttemptsExhausted, tries).await {
                    return;
                }
                continue;
            }
            if !self.pause(&mut backoff).await {
                return;
            }
        }
    }

    /// One invocation. `None` when the partition was lost or the end came before there was a place for it.
    async fn attempt(&self, batch: &Batch, attempt: u32) -> Option<Outcome> {
        let Setup { mapping, source, invoker, places, .. } = &*self.setup;
        let event = source.event(&self.partition, batch.json());
        let place = tokio::select! {
            biased;
            () = self.dismissed() => return None,
            place = places.acquire() => place.ok()?,
        };
        let start = Instant::now();
        let outcome = invoker.invoke(&mapping.function, &event).await;
        drop(place);

        let (function, topic, partition) = (&mapping.function.name, &self.partition.topic, self.partition.number);
        let ((first, last), records) = (batch.offsets()?, batch.len());
        let milliseconds = start.elapsed().as_millis();
        let verdict = match outcome {
            Ok(_) if mapping.kafka.reply == Reply::Ignored => Verdict::Done,
            Ok(answer) => reply::verdict(&answer, &self.partition, batch),
            Err(error @ InvokeError::Unreachable(_)) => {
                warn!(function, topic, partition, first, last, records, milliseconds, attempt, %error, "not invoked");
                return Some(Outcome::Away);
            }
            Err(error) => Verdict::Unusable(error.to_string()),
        };
        Some(match verdict {
            Verdict::Done => {
                info!(function, topic, partition, first, last, records, milliseconds, attempt, "succeeded");
                Outcome::Done
            }
            Verdict::From(from) => {
                warn!(function, topic, partition, first, last, records, milliseconds, attempt, from, "failed in part");
                Outcome::Failed(from)
            }
            Verdict::Unusable(error) => {
                warn!(function, topic, partition, first, last, records, milliseconds, attempt, error, "failed");
                Outcome::Failed(first)
            }
        })
    }

    /// The batch without the records that are too old, which are given up. `None` as for [`Worker::attempt`].
    async fn without_the_old(&self, mut batch: Batch, tries: u32) -> Option<Batch> {
        if let Some(age) = self.setup.mapping.kafka.max_record_age {
            let old = batch.take_older_than(age, Timestamp::now());
            if !old.is_empty() && !self.send_away(&old, Condition::RecordAgeExceeded, tries).await {
                return None;
            }
        }
        Some(batch)
    }

    /// Has done with a batch that did not succeed. False when the partition is no longer ours to work.
    async fn give_up(&self, batch: Batch, condition: Condition, invocations: u32) -> bool {
        let sent = self.send_away(&batch, condition, invocations).await;
        if sent {
            (self.progress)(batch.next());
        }
        sent
    }

    /// Sends records to the on-failure destination, if there is one, until it has them.
    async fn send_away(&self, batch: &Batch, condition: Condition, invocations: u32) -> bool {
        let Setup { mapping, source, function_arn, destination, .. } = &*self.setup;
        let (function, topic, partition) = (&mapping.function.name, &self.partition.topic, self.partition.number);
        let (first, last) = batch.offsets().unwrap_or_default();
        let (records, condition_name) = (batch.len(), condition.as_str());
        let Some(destination) = destination else {
            error!(function, topic, partition, first, last, records, condition = condition_name, "given up: dropped");
            return true;
        };
        let obituary = Obituary { function_arn, source, partition: &self.partition, condition, invocations };
        let mut backoff = Backoff::default();
        while let Err(error) = destination.send(batch, &obituary).await {
            warn!(function, topic, partition, first, last, %error, "the on-failure topic does not take what was given up");
            if !self.pause(&mut backoff).await {
                return false;
            }
        }
        error!(function, topic, partition, first, last, records, condition = condition_name, "given up: sent away");
        true
    }

    /// Waits before another try. False when the partition is no longer ours to work.
    async fn pause(&self, backoff: &mut Backoff) -> bool {
        tokio::select! {
            biased;
            () = self.dismissed() => false,
            () = sleep(backoff.pause()) => true,
        }
    }

    /// Waits until the partition is no longer ours to work.
    async fn dismissed(&self) {
        // The other end is gone together with the poller.
        let _ = self.standing.clone().wait_for(|standing| *standing != Standing::Working).await;
    }

    fn frame(&self) -> usize {
        self.setup.source.frame(&self.partition)
    }
}
