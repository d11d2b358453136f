//! The topic of contact events, read from a bookmark on: a topic with a long past costs nothing.

use std::{collections::HashSet, time::Duration};

use rdkafka::{
    ClientConfig, Message, Offset, TopicPartitionList,
    consumer::{Consumer, StreamConsumer},
    message::{BorrowedMessage, Headers},
    metadata::MetadataTopic,
};
use serde_json::Value;
use tokio::{task, time};

use crate::fault::Fault;

/// The topic of the contacts' events.
pub const TOPIC: &str = "crosswalk.contacts";

/// How long a broker that is up may take to tell about the topic.
const BROKER_PATIENCE: Duration = Duration::from_secs(10);

/// How long an event may be on its way, with a relay that has just been started.
const EVENT_PATIENCE: Duration = Duration::from_secs(30);

/// The end of each partition at one moment.
pub struct Bookmark {
    brokers: String,
    ends: Vec<(i32, i64)>,
}

/// An event as it was published.
pub struct Event {
    headers: Vec<(String, String)>,
    pub value: Value,
}

impl Bookmark {
    /// The topic's ends as they are now.
    pub async fn at_the_end(brokers: &str) -> Result<Self, Fault> {
        let brokers = brokers.to_owned();
        // The client's questions about a topic block.
        let bookmark = task::spawn_blocking(move || ends(&brokers).map(|ends| Self { brokers, ends }));
        bookmark.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }

    /// The next `count` events with this key since then, in order. One that was published twice counts once.
    pub async fn events_since(&self, key: &str, count: usize) -> Result<Vec<Event>, Fault> {
        let consumer = consumer(&self.brokers)?;
        let mut assignment = TopicPartitionList::new();
        for (partition, end) in &self.ends {
            assignment.add_partition_offset(TOPIC, *partition, Offset::Offset(*end))?;
        }
        consumer.assign(&assignment)?;

        let deadline = time::Instant::now() + EVENT_PATIENCE;
        let (mut events, mut seen) = (Vec::new(), HashSet::new());
        while events.len() < count {
            let Ok(message) = time::timeout_at(deadline, consumer.recv()).await else {
                let found = events.len();
                return Err(Fault::TooFewEvents { expected: count, found, within: EVENT_PATIENCE });
            };
            let message = message?;
            if message.key() != Some(key.as_bytes()) {
                continue;
            }
            let event = Event::from(&message);
            if seen.insert(event.header("ce_id").to_owned()) {
                events.push(event);
            }
        }
        Ok(events)
    }
}

impl Event {
    /// The header's text; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

impl From<&BorrowedMessage<'_>> for Event {
    fn from(message: &BorrowedMessage<'_>) -> Self {
        let headers = message.headers().into_iter().flat_map(Headers::iter).map(|header| {
            let value = String::from_utf8_lossy(header.value.unwrap_or_default());
            (header.key.to_owned(), value.into_owned())
        });
        let payload = message.payload().unwrap_or_default();
        Self { headers: headers.collect(), value: serde_json::from_slice(payload).unwrap_or(Value::Null) }
    }
}

fn consumer(brokers: &str) -> Result<StreamConsumer, Fault> {
    let consumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        // Partitions are assigned by hand and nothing is committed; the client still wants a name of a group.
        .set("group.id", "crosswalk-tour")
        .set("enable.auto.commit", "false")
        .set("fetch.wait.max.ms", "100")
        .create()?;
    Ok(consumer)
}

fn ends(brokers: &str) -> Result<Vec<(i32, i64)>, Fault> {
    let consumer = consumer(brokers)?;
    let metadata = consumer.fetch_metadata(Some(TOPIC), BROKER_PATIENCE)?;
    let partitions = metadata.topics().iter().flat_map(MetadataTopic::partitions);
    let ends: Vec<(i32, i64)> = partitions
        .map(|partition| {
            let (_, end) = consumer.fetch_watermarks(TOPIC, partition.id(), BROKER_PATIENCE)?;
            Ok((partition.id(), end))
        })
        .collect::<Result<_, Fault>>()?;
    if ends.is_empty() { Err(Fault::NoTopic(TOPIC)) } else { Ok(ends) }
}
