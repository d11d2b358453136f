//! The partitions that a member of a group has: each has a task, records that wait for it, and an end.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{Consumer, StreamConsumer},
};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::{Instant, timeout_at},
};
use tracing::{debug, info};

use super::{
    backlog::{Inlet, backlog},
    client::{Change, Context},
    event::Partition,
    partition::{Setup, Standing, Worker},
    record::Record,
};
use crate::invoke::Invoke;

/// The partitions that are ours.
pub(super) struct Assignment<I> {
    setup: Arc<Setup<I>>,
    consumer: Arc<StreamConsumer<Context>>,
    partitions: HashMap<Partition, Work>,
    /// What partitions that were lost still have under way. One that comes back waits for it.
    leaving: HashMap<Partition, JoinHandle<()>>,
    /// Those that aren't read on until there is room for more of their records.
    held: HashSet<Partition>,
    room: Arc<Notify>,
}

/// A partition that is ours.
struct Work {
    inlet: Inlet,
    standing: watch::Sender<Standing>,
    task: JoinHandle<()>,
}

impl<I: Invoke> Assignment<I> {
    /// No partition yet. `room` is told when held partitions may be released.
    pub(super) fn new(setup: Arc<Setup<I>>, consumer: Arc<StreamConsumer<Context>>, room: Arc<Notify>) -> Self {
        Self { setup, consumer, partitions: HashMap::new(), leaving: HashMap::new(), held: HashSet::new(), room }
    }

    pub(super) fn follow(&mut self, change: Change) {
        let function = self.setup.mapping.function.name.clone();
        match change {
            Change::Given(partitions) => {
                for partition in partitions {
                    info!(function, %partition, "a partition is ours");
                    self.take(partition);
                }
            }
            Change::Lost(partitions) => {
                for partition in partitions {
                    info!(function, %partition, "a partition is no longer ours");
                    self.lose(partition);
                }
            }
        }
    }

    fn take(&mut self, partition: Partition) {
        self.lose(partition.clone());
        let (inlet, outlet) = backlog(self.setup.mapping.kafka.batch_size, Arc::clone(&self.room));
        let (standing, receiver) = watch::channel(Standing::Working);
        let worker = Worker {
            setup: Arc::clone(&self.setup),
            progress: self.progress(partition.clone(), receiver.clone()),
            standing: receiver,
            partition: partition.clone(),
        };
        let before = self.leaving.remove(&partition);
        let task = tokio::spawn(async move {
            if let Some(before) = before {
                // However it ended, it has ended.
                let _ = before.await;
            }
            worker.run(outlet).await;
        });
        // It may have been held when it was last ours, and the client remembers that.
        self.resume(&partition);
        self.partitions.insert(partition, Work { inlet, standing, task });
    }

    fn lose(&mut self, partition: Partition) {
        self.held.remove(&partition);
        self.leaving.retain(|_, task| !task.is_finished());
        if let Some(work) = self.partitions.remove(&partition) {
            work.standing.send_replace(Standing::Lost);
            self.leaving.insert(partition, work.task);
        }
    }

    /// What is done in a partition that was lost is not told to the group: its next owner does it again.
    fn progress(&self, partition: Partition, standing: watch::Receiver<Standing>) -> Box<dyn Fn(i64) + Send + Sync> {
        let consumer = Arc::clone(&self.consumer);
        Box::new(move |next| {
            if *standing.borrow() == Standing::Lost {
                return;
            }
            let mut offsets = TopicPartitionList::new();
            let stored = offsets
                .add_partition_offset(&partition.topic, partition.number, Offset::Offset(next))
                .and_then(|()| consumer.store_offsets(&offsets));
            if let Err(error) = stored {
                debug!(%partition, next, %error, "not committed: the partition was just lost");
            }
        })
    }

    pub(super) fn hand_over(&mut self, partition: Partition, record: Record) {
        let Some(work) = self.partitions.get(&partition) else {
            return;
        };
        work.inlet.push(record);
        if work.inlet.is_full() && !self.held.contains(&partition) {
            match self.consumer.pause(&list(&partition)) {
                Ok(()) => {
                    self.held.insert(partition);
                }
                Err(error) => debug!(%partition, %error, "the partition can't be held"),
            }
        }
    }

    /// Lets partitions go on that were held until there was room.
    pub(super) fn release(&mut self) {
        let has_room = |partition: &Partition| self.partitions.get(partition).is_some_and(|work| work.inlet.has_room());
        let ready: Vec<Partition> = self.held.iter().filter(|partition| has_room(partition)).cloned().collect();
        for partition in ready {
            self.resume(&partition);
            self.held.remove(&partition);
        }
    }

    fn resume(&self, partition: &Partition) {
        if let Err(error) = self.consumer.resume(&list(partition)) {
            debug!(%partition, %error, "the partition can't be released");
        }
    }

    /// Begins nothing new and gives what is under way so much time. What did not use it well enough is abandoned; this is
    /// how many there were.
    pub(super) async fn end(mut self, grace: Duration) -> usize {
        let deadline = Instant::now() + grace;
        let mut tasks = Vec::new();
        for (_, work) in self.partitions.drain() {
            work.standing.send_replace(Standing::Ending);
            tasks.push(work.task);
        }
        let mut abandoned = 0;
        for mut task in tasks {
            if timeout_at(deadline, &mut task).await.is_err() {
                end(task).await;
                abandoned += 1;
            }
        }
        for (_, task) in self.leaving.drain() {
            end(task).await;
        }
        abandoned
    }
}

async fn end(task: JoinHandle<()>) {
    task.abort();
    // It was cancelled, or ended a moment before.
    let _ = task.await;
}

fn list(partition: &Partition) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition(&partition.topic, partition.number);
    list
}
