//! A topic for a test: what is in it, and how to put something there.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer, StreamConsumer};
use rdkafka::error::KafkaResult;
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::background;
use crate::proxy::Proxy;
use crate::services;
use crate::wait::eventually;

/// As many as the real topics have at least, so that order across partitions is nobody's lucky guess.
const PARTITIONS: i32 = 3;

/// How long the broker may take for one of these small jobs.
const DEADLINE: Duration = Duration::from_secs(30);

/// The proxy before the broker's second listener. Clients that start from [`services::kafka_proxied_brokers`] reach the
/// broker only through it, because that listener advertises the proxy's address. There is one address, so tests take
/// turns.
///
/// # Panics
///
/// When the test that has the address doesn't come to its end.
pub async fn proxy() -> Proxy {
    Proxy::on(&services::kafka_proxied_brokers(), &services::kafka_proxy_target()).await
}

/// A topic of its own, deleted when dropped.
pub struct Topic {
    name: String,
}

/// Who reads a topic from its beginning.
pub struct Reader {
    topic: String,
    consumer: StreamConsumer,
}

/// A record as it was found in a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The partition.
    pub partition: i32,
    /// The offset in that partition.
    pub offset: i64,
    /// The key, if there is one.
    pub key: Option<String>,
    /// The headers; of a repeated one the last.
    pub headers: BTreeMap<String, String>,
    /// The value as JSON; null for a tombstone.
    pub value: Value,
}

impl Topic {
    /// Makes a topic with a name that nobody has.
    ///
    /// # Panics
    ///
    /// When the broker doesn't make it.
    pub async fn create() -> Self {
        Self::create_with(&[]).await
    }

    /// As [`Topic::create`], with settings of the topic such as `max.message.bytes`.
    ///
    /// # Panics
    ///
    /// When the broker doesn't make it.
    pub async fn create_with(settings: &[(&str, &str)]) -> Self {
        let name = format!("test.{}", Uuid::now_v7());
        let mut topic = NewTopic::new(&name, PARTITIONS, TopicReplication::Fixed(1));
        for (setting, value) in settings {
            topic = topic.set(setting, value);
        }
        let made = admin().create_topics([&topic], &options()).await;
        let made =
            made.unwrap_or_else(|error| panic!("no topic could be made at {}: {error}", services::kafka_brokers()));
        for outcome in made {
            outcome.unwrap_or_else(|(name, error)| panic!("the topic {name} could not be made: {error}"));
        }
        let topic = Self { name };
        // The broker answers a little before each partition has its leader.
        eventually(&format!("the topic {} to have leaders", topic.name), DEADLINE, || topic.ends()).await;
        topic
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All that is in the topic now, each partition in order, one partition after the other.
    ///
    /// # Panics
    ///
    /// When the broker doesn't answer in time, or a record isn't JSON.
    pub async fn records(&self) -> Vec<Record> {
        let ends = self.ends().await;
        let ends = ends.unwrap_or_else(|error| panic!("where {} ends is unknown: {error}", self.name));
        let mut missing: i64 = ends.iter().sum();
        let mut records = Vec::new();
        if missing == 0 {
            return records;
        }
        let reader = self.read();
        let deadline = Instant::now() + DEADLINE;
        while missing > 0 {
            let record = timeout_at(deadline, reader.next()).await;
            let record =
                record.unwrap_or_else(|_| panic!("{missing} records of {} did not come in {DEADLINE:?}", self.name));
            // Records that came after the look at the ends are left for the next call.
            if usize::try_from(record.partition).is_ok_and(|partition| record.offset < ends[partition]) {
                missing -= 1;
                records.push(record);
            }
        }
        records.sort_by_key(|record| (record.partition, record.offset));
        records
    }

    /// The next offset that a consumer group has committed, for each partition; none where it has committed nothing.
    ///
    /// # Panics
    ///
    /// When the broker doesn't answer in time.
    pub async fn committed(&self, group: &str) -> Vec<Option<i64>> {
        let (name, group) = (self.name.clone(), group.to_owned());
        let look = tokio::task::spawn_blocking(move || {
            let consumer: BaseConsumer = config().set("group.id", group).create()?;
            let mut partitions = TopicPartitionList::new();
            partitions.add_partition_range(&name, 0, PARTITIONS - 1);
            let committed = consumer.committed_offsets(partitions, DEADLINE)?;
            let offset = |partition| match committed.find_partition(&name, partition)?.offset() {
                Offset::Offset(offset) => Some(offset),
                _ => None,
            };
            KafkaResult::Ok((0..PARTITIONS).map(offset).collect())
        });
        let committed = look.await.expect("the look doesn't panic");
        committed.unwrap_or_else(|error| panic!("what is committed of {} is unknown: {error}", self.name))
    }

    /// Puts a record into the topic as it is and returns when the broker has it.
    ///
    /// # Panics
    ///
    /// When the broker refuses it.
    pub async fn produce(&self, key: Option<&str>, headers: &[(&str, &str)], value: &[u8]) {
        let producer: FutureProducer = config()
            .set("message.max.bytes", "4194304")
            .set("partitioner", "murmur2_random")
            .create()
            .expect("these settings make a producer");
        let headers = headers
            .iter()
            .fold(OwnedHeaders::new(), |headers, &(key, value)| headers.insert(Header { key, value: Some(value) }));
        let mut record = FutureRecord::<str, [u8]>::to(&self.name).payload(value).headers(headers);
        record.key = key;
        let outcome = producer.send(record, DEADLINE).await;
        outcome.unwrap_or_else(|(error, _)| panic!("the record was not taken by {}: {error}", self.name));
    }

    /// Where each partition ends. No partition has lost its beginning: nothing lives long enough.
    async fn ends(&self) -> KafkaResult<Vec<i64>> {
        let name = self.name.clone();
        let look = tokio::task::spawn_blocking(move || {
            let consumer: BaseConsumer = config().create()?;
            let end = |partition| Ok(consumer.fetch_watermarks(&name, partition, DEADLINE)?.1);
            (0..PARTITIONS).map(end).collect()
        });
        look.await.expect("the look doesn't panic")
    }

    /// Reads what is in it and what comes, for as long as somebody asks.
    pub fn read(&self) -> Reader {
        Reader { topic: self.name.clone(), consumer: self.consumer() }
    }

    /// A consumer of the whole topic, outside any group.
    fn consumer(&self) -> StreamConsumer {
        let consumer: StreamConsumer = config()
            .set("group.id", "unused")
            .set("enable.auto.commit", "false")
            .set("fetch.wait.max.ms", "10")
            .create()
            .expect("these settings make a consumer");
        let mut partitions = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            partitions
                .add_partition_offset(&self.name, partition, Offset::Beginning)
                .expect("every partition has a beginning");
        }
        consumer.assign(&partitions).expect("partitions can be assigned");
        consumer
    }
}

impl Reader {
    /// The next record, as soon as it is there.
    ///
    /// # Panics
    ///
    /// When the broker fails.
    pub async fn next(&self) -> Record {
        let message = self.consumer.recv().await;
        Record::read(&message.unwrap_or_else(|error| panic!("{}: {error}", self.topic)))
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        let name = self.name.clone();
        background::block_on(async move {
            if let Err(error) = admin().delete_topics(&[&name], &options()).await {
                eprintln!("the topic {name} stays behind: {error}");
            }
        });
    }
}

impl Record {
    fn read(message: &BorrowedMessage<'_>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers = message.headers().into_iter().flat_map(Headers::iter);
        let value = message.payload().map_or(Ok(Value::Null), serde_json::from_slice);
        Self {
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(text),
            headers: headers.map(|it| (it.key.to_owned(), it.value.map(text).unwrap_or_default())).collect(),
            value: value.unwrap_or_else(|error| {
                panic!("{}[{}]@{} isn't JSON: {error}", message.topic(), message.partition(), message.offset())
            }),
        }
    }
}

fn config() -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", services::kafka_brokers());
    config
}

fn admin() -> AdminClient<DefaultClientContext> {
    config().create().expect("these settings make an admin client")
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(DEADLINE)).request_timeout(Some(DEADLINE))
}
