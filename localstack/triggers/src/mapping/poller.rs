//! A member of a consumer group: hands records to the partitions' tasks, and begins and ends those.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{Consumer, StreamConsumer},
    error::{KafkaError, KafkaResult},
    message::Message,
};
use tokio::{
    sync::{
        Notify, Semaphore,
        mpsc::{UnboundedReceiver, unbounded_channel},
        watch,
    },
    task::JoinHandle,
    time::{Instant, sleep, timeout, timeout_at},
};
use tracing::{debug, info, warn};

use super::{
    Mapping,
    backlog::{Inlet, backlog},
    backoff::Backoff,
    client::{self, Change, Context},
    destination::Destination,
    event::{Partition, Source},
    partition::{Setup, Standing, Worker},
    record::Record,
    start,
};
use crate::{invoke::Invoke, origin::Origin};

/// How long what is under way may take at the end. Whoever asked for the end may lose patience after 20 s.
const GRACE: Duration = Duration::from_secs(15);

/// How long the group may take to let us go.
const PARTING: Duration = Duration::from_secs(3);

/// Plays one mapping.
pub(super) struct Poller<I> {
    setup: Arc<Setup<I>>,
    consumer: Arc<StreamConsumer<Context>>,
    changes: UnboundedReceiver<Change>,
    partitions: HashMap<Partition, Work>,
    /// What partitions that were lost still have under way. One that comes back waits for it.
    leaving: HashMap<Partition, JoinHandle<()>>,
    held: HashSet<Partition>,
    room: Arc<Notify>,
}

/// A partition that is ours.
struct Work {
    inlet: Inlet,
    standing: watch::Sender<Standing>,
    task: JoinHandle<()>,
}

impl<I: Invoke> Poller<I> {
    pub(super) fn new(
        mapping: Mapping,
        invoker: I,
        brokers: &str,
        origin: &Origin,
        places: Arc<Semaphore>,
    ) -> KafkaResult<Self> {
        let (tell, changes) = unbounded_channel();
        let consumer = client::member(brokers, &mapping.kafka.group).create_with_context(Context { changes: tell })?;
        let destination =
            mapping.kafka.on_failure.as_deref().map(|topic| Destination::new(brokers, topic)).transpose()?;
        let Origin { account, region } = origin;
        let setup = Setup {
            source: Source::new(&mapping.kafka.cluster, brokers, origin),
            function_arn: format!("arn:aws:lambda:{region}:{account}:function:{}", mapping.function.name),
            mapping,
            invoker,
            places,
            destination,
        };
        Ok(Self {
            setup: Arc::new(setup),
            consumer: Arc::new(consumer),
            changes,
            partitions: HashMap::new(),
            leaving: HashMap::new(),
            held: HashSet::new(),
            room: Arc::default(),
        })
    }

    /// Polls until the end is asked for, and then sees to it that what is under way comes to its own.
    pub(super) async fn run(mut self, ending: watch::Receiver<bool>) {
        if self.begin(ended(ending.clone())).await {
            self.poll(ended(ending)).await;
        }
        self.end().await;
    }

    /// False when the end came first.
    async fn begin(&self, end: impl Future<Output = ()>) -> bool {
        let Mapping { function, kafka } = &self.setup.mapping;
        info!(function = function.name, topics = kafka.topics.join(","), group = kafka.group, "polls");
        tokio::select! {
            biased;
            () = end => return false,
            () = self.take_position() => {}
        }
        let topics: Vec<&str> = kafka.topics.iter().map(String::as_str).collect();
        if let Err(error) = self.consumer.subscribe(&topics) {
            warn!(function = function.name, %error, "the topics can't be subscribed to");
        }
        true
    }

    async fn take_position(&self) {
        let function = &self.setup.mapping.function.name;
        let mut backoff = Backoff::default();
        loop {
            let setup = Arc::clone(&self.setup);
            let outcome = client::blocking(move || start::commit(&setup.mapping.kafka, &setup.source.brokers)).await;
            match outcome {
                Some(Err(error)) => warn!(function, %error, "the starting position can't be found yet"),
                Some(Ok(())) | None => return,
            }
            sleep(backoff.pause()).await;
        }
    }

    async fn poll(&mut self, end: impl Future<Output = ()>) {
        let (consumer, room) = (Arc::clone(&self.consumer), Arc::clone(&self.room));
        tokio::pin!(end);
        loop {
            tokio::select! {
                biased;
                () = &mut end => return,
                () = room.notified() => self.release(),
                message = consumer.recv() => {
                    // The client tells of partitions while it is asked for records, so that it has told before it gives
                    // the first of them.
                    self.follow_changes();
                    match message {
                        Ok(message) => {
                            let partition =
                                Partition { topic: message.topic().to_owned(), number: message.partition() };
                            self.hand_over(partition, Record::read(&message));
                        }
                        Err(error) => self.tell(&error),
                    }
                }
                Some(change) = self.changes.recv() => self.follow(change),
            }
        }
    }

    fn follow_changes(&mut self) {
        while let Ok(change) = self.changes.try_recv() {
            self.follow(change);
        }
    }

    fn follow(&mut self, change: Change) {
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

    fn hand_over(&mut self, partition: Partition, record: Record) {
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
    fn release(&mut self) {
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

    fn tell(&self, error: &KafkaError) {
        warn!(function = self.setup.mapping.function.name, %error, "the topics can't be read now");
    }

    /// Nothing new is begun; what succeeds in time is committed when the consumer closes.
    async fn end(mut self) {
        self.follow_changes();
        let function = self.setup.mapping.function.name.clone();
        let mut tasks = Vec::new();
        for (_, work) in self.partitions.drain() {
            work.standing.send_replace(Standing::Ending);
            tasks.push(work.task);
        }
        let mut under_way = 0;
        let deadline = Instant::now() + GRACE;
        for mut task in tasks {
            if timeout_at(deadline, &mut task).await.is_err() {
                task.abort();
                let _ = task.await;
                under_way += 1;
            }
        }
        for (_, task) in self.leaving.drain() {
            task.abort();
            let _ = task.await;
        }
        if under_way > 0 {
            warn!(function, under_way, "invocations were abandoned; their records will come again");
        }
        let consumer = self.consumer;
        let closed = timeout(PARTING, client::blocking(move || drop(consumer))).await;
        if closed.is_err() {
            warn!(function, "the broker did not answer to the goodbye");
        }
    }
}

/// Ready when the end is asked for, or when nobody is left who could.
async fn ended(mut ending: watch::Receiver<bool>) {
    let _ = ending.wait_for(|ending| *ending).await;
}

fn list(partition: &Partition) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition(&partition.topic, partition.number);
    list
}
