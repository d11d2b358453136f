//! The Kafka clients: how they are set, and what becomes of their log.

use rdkafka::{
    ClientConfig, ClientContext, TopicPartitionList,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, ConsumerContext, Rebalance},
    error::KafkaError,
};
use tokio::sync::{mpsc::UnboundedSender, oneshot};
use tracing::{debug, warn};

use super::event::Partition;

/// Partitions that were given or taken.
#[derive(Debug)]
pub(super) enum Change {
    Given(Vec<Partition>),
    Lost(Vec<Partition>),
}

/// Runs what blocks on a thread that nobody needs to wait for, not even the end of the program. `None` if it panics.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let (tell, told) = oneshot::channel();
    // Whoever asked may have left.
    std::thread::spawn(move || drop(tell.send(work())));
    told.await.ok()
}

/// What every client here has in common.
pub(super) fn config(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("client.id", "triggers")
        .set("socket.keepalive.enable", "true")
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "1000")
        .set("log.connection.close", "false");
    config
}

/// A member of a consumer group.
pub(super) fn member(brokers: &str, group: &str) -> ClientConfig {
    let mut config = config(brokers);
    config
        .set("group.id", group)
        // What is stored is committed each 100 ms, when a partition is taken, and at the end; a commit that failed is made
        // up for by the next. Nothing is stored before its batch is done.
        .set("enable.auto.offset.store", "false")
        .set("enable.auto.commit", "true")
        .set("auto.commit.interval.ms", "100")
        .set("auto.offset.reset", "earliest")
        // Partitions that stay where they are go on while others move.
        .set("partition.assignment.strategy", "cooperative-sticky")
        // A poller that was killed holds its partitions for so long.
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "500")
        .set("fetch.wait.max.ms", "100")
        .set("queued.max.messages.kbytes", "16384")
        // Topics and partitions that come later are noticed.
        .set("topic.metadata.refresh.interval.ms", "5000");
    config
}

/// What librdkafka tells a member of a group.
pub(super) struct Context {
    pub(super) changes: UnboundedSender<Change>,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // It comes with every attempt to connect, and the log tells it less often.
        debug!(%error, reason, "librdkafka");
    }
}

impl ConsumerContext for Context {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(list) = rebalance {
            self.tell(Change::Lost(partitions(list)));
        }
    }

    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => self.tell(Change::Given(partitions(list))),
            Rebalance::Revoke(_) => {}
            Rebalance::Error(error) => warn!(%error, "the partitions could not be shared out"),
        }
    }
}

impl Context {
    fn tell(&self, change: Change) {
        // At the end nobody listens, and nothing depends on it any more.
        let _ = self.changes.send(change);
    }
}

/// What librdkafka tells a producer.
pub(super) struct ProducerLog;

impl ClientContext for ProducerLog {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        log(level, facility, text);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        debug!(%error, reason, "librdkafka");
    }
}

fn log(level: RDKafkaLogLevel, facility: &str, text: &str) {
    match level {
        RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => debug!(facility, text, "librdkafka"),
        _ => warn!(facility, text, "librdkafka"),
    }
}

fn partitions(list: &TopicPartitionList) -> Vec<Partition> {
    let elements = list.elements();
    elements
        .iter()
        .map(|element| Partition { topic: element.topic().to_owned(), number: element.partition() })
        .collect()
}
