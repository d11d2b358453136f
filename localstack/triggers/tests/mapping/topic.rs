//! A topic of a test's own.

use std::{env, time::Duration};

use rdkafka::{
    Message, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    config::ClientConfig,
    consumer::{BaseConsumer, Consumer},
    message::{Header, OwnedHeaders, OwnedMessage},
    producer::{FutureProducer, FutureRecord},
};
use tokio::task::spawn_blocking;
use uuid::Uuid;

/// Long enough for a machine that is busy compiling.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How long to look away before looking again.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// A topic with a name that nobody else has. It stays until [`Topic::delete`].
pub struct Topic {
    pub name: String,
    producer: FutureProducer,
}

pub fn brokers() -> String {
    env::var("KAFKA_BROKERS").expect(
        "KAFKA_BROKERS is set: start the services with `localstack/local.sh services up`, \
         and then `. .local/services.env` before `cargo test`",
    )
}

fn config() -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers());
    config
}

fn admin() -> AdminClient<DefaultClientContext> {
    config().create().unwrap()
}

impl Topic {
    pub async fn create(partitions: i32) -> Self {
        let name = format!("test.{}", Uuid::new_v4());
        let topic = NewTopic::new(&name, partitions, TopicReplication::Fixed(1)).set("max.message.bytes", "8000000");
        let options = AdminOptions::new().operation_timeout(Some(PATIENCE)).request_timeout(Some(PATIENCE));
        admin().create_topics([&topic], &options).await.unwrap().remove(0).unwrap();
        let mut config = config();
        config.set("linger.ms", "0").set("message.max.bytes", "8000000");
        Self { name, producer: config.create().unwrap() }
    }

    pub async fn delete(self) {
        admin().delete_topics(&[&self.name], &AdminOptions::new()).await.unwrap();
    }

    /// Puts a record into a partition and gives its offset.
    pub async fn put(&self, partition: i32, value: &str) -> i64 {
        self.send(FutureRecord::<str, str>::to(&self.name).partition(partition).payload(value)).await
    }

    /// As [`Topic::put`], with a key and the time the record was written at.
    pub async fn put_at(&self, partition: i32, key: &str, value: &str, time: jiff::Timestamp) -> i64 {
        let record = FutureRecord::to(&self.name).partition(partition).key(key).payload(value);
        self.send(record.timestamp(time.as_millisecond())).await
    }

    /// A record with everything, and one with nothing.
    pub async fn put_odd_ones(&self) {
        let headers = OwnedHeaders::new()
            .insert(Header { key: "trace", value: Some(&[0, 127, 128, 255]) })
            .insert(Header { key: "trace", value: Some("again") })
            .insert(Header { key: "none", value: None::<&str> });
        let time = 1_545_084_650_987;
        let whole = FutureRecord::<[u8], [u8]>::to(&self.name).key(b"k\xff").payload(b"v\x00").partition(0);
        self.send(whole.headers(headers).timestamp(time)).await;
        self.send(FutureRecord::<[u8], [u8]>::to(&self.name).partition(0).timestamp(time)).await;
    }

    async fn send<K: rdkafka::message::ToBytes + ?Sized, V: rdkafka::message::ToBytes + ?Sized>(
        &self,
        record: FutureRecord<'_, K, V>,
    ) -> i64 {
        let delivery = self.producer.send(record, PATIENCE).await;
        delivery.map_err(|(error, _)| error).unwrap().offset
    }

    /// The next offset that the group has committed for a partition, if any.
    pub async fn committed(&self, group: &str, partition: i32) -> Option<i64> {
        let (name, group) = (self.name.clone(), group.to_owned());
        let look = spawn_blocking(move || {
            let consumer: BaseConsumer = config().set("group.id", group).create().unwrap();
            let mut list = TopicPartitionList::new();
            list.add_partition(&name, partition);
            consumer.committed_offsets(list, PATIENCE).unwrap().elements()[0].offset()
        });
        match look.await.unwrap() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        }
    }

    /// Waits until the group has committed this offset for a partition.
    pub async fn commits(&self, group: &str, partition: i32, offset: i64) {
        let mut last = None;
        let looks = async {
            loop {
                last = self.committed(group, partition).await;
                if last == Some(offset) {
                    return;
                }
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
        };
        let seen = tokio::time::timeout(PATIENCE, looks).await;
        assert!(seen.is_ok(), "{offset} was to be committed, and {last:?} was");
    }

    /// The first records of a partition, once there are so many.
    pub async fn records(&self, partition: i32, count: usize) -> Vec<OwnedMessage> {
        let name = self.name.clone();
        let read = spawn_blocking(move || {
            let consumer: BaseConsumer = config().set("group.id", "unused").create().unwrap();
            let mut list = TopicPartitionList::new();
            list.add_partition_offset(&name, partition, Offset::Beginning).unwrap();
            consumer.assign(&list).unwrap();
            let next = || consumer.poll(PATIENCE).expect("a record in time").unwrap().detach();
            (0..count).map(|_| next()).collect()
        });
        read.await.unwrap()
    }
}

pub fn text(bytes: Option<&[u8]>) -> String {
    String::from_utf8(bytes.expect("there is something").to_vec()).unwrap()
}

pub fn value(message: &OwnedMessage) -> serde_json::Value {
    serde_json::from_slice(message.payload().expect("a value")).unwrap()
}
