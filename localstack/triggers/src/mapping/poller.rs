//! A member of a consumer group: reads its topics and hands the records to their partitions.

use std::{sync::Arc, time::Duration};

use rdkafka::{
    consumer::{Consumer, StreamConsumer},
    error::KafkaResult,
    message::Message,
};
use tokio::{
    sync::{
        Notify, Semaphore,
        mpsc::{UnboundedReceiver, unbounded_channel},
        watch,
    },
    time::{sleep, timeout},
};
use tracing::{info, warn};

use super::{
    Mapping,
    assignment::Assignment,
    backoff::Backoff,
    client::{self, Change, Context},
    destination::Destination,
    event::{Partition, Source},
    partition::Setup,
    record::Record,
    start,
};
use crate::{invoke::Invoke, origin::Origin};

/// The longest that what is under way may take at the end, if the function's own time-out is longer still. Whoever asked
/// for the end may lose patience after 20 s.
const LONGEST_GRACE: Duration = Duration::from_secs(15);

/// How long the group may take to let us go.
const PARTING: Duration = Duration::from_secs(3);

/// Plays one mapping.
pub(super) struct Poller<I> {
    setup: Arc<Setup<I>>,
    consumer: Arc<StreamConsumer<Context>>,
    changes: UnboundedReceiver<Change>,
    assignment: Assignment<I>,
    room: Arc<Notify>,
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
        let (setup, consumer, room) = (Arc::new(setup), Arc::new(consumer), Arc::<Notify>::default());
        let assignment = Assignment::new(Arc::clone(&setup), Arc::clone(&consumer), Arc::clone(&room));
        Ok(Self { setup, consumer, changes, assignment, room })
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
                () = room.notified() => self.assignment.release(),
                message = consumer.recv() => {
                    // The client tells of partitions while it is asked for records, so that it has told before it gives
                    // the first of them.
                    self.follow_changes();
                    match message {
                        Ok(message) => {
                            let partition =
                                Partition { topic: message.topic().to_owned(), number: message.partition() };
                            self.assignment.hand_over(partition, Record::read(&message));
                        }
                        Err(error) => {
                            let function = &self.setup.mapping.function.name;
                            warn!(function, %error, "the topics can't be read now");
                        }
                    }
                }
                Some(change) = self.changes.recv() => self.assignment.follow(change),
            }
        }
    }

    fn follow_changes(&mut self) {
        while let Ok(change) = self.changes.try_recv() {
            self.assignment.follow(change);
        }
    }

    /// Nothing new is begun; what succeeds in time is committed when the consumer closes.
    async fn end(mut self) {
        self.follow_changes();
        let function = &self.setup.mapping.function;
        let abandoned = self.assignment.end(function.timeout.min(LONGEST_GRACE)).await;
        if abandoned > 0 {
            warn!(function = function.name, abandoned, "invocations were abandoned; their records will come again");
        }
        let consumer = self.consumer;
        if timeout(PARTING, client::blocking(move || drop(consumer))).await.is_err() {
            warn!(function = function.name, "the broker did not answer to the goodbye");
        }
    }
}

/// Ready when the end is asked for, or when nobody is left who could.
async fn ended(mut ending: watch::Receiver<bool>) {
    let _ = ending.wait_for(|ending| *ending).await;
}
