//! The topics.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;

/// Enough for order by key to be seen at work.
const PARTITIONS: i32 = 4;

/// 2 MiB for the record and some room for its headers and framing.
const MAX_MESSAGE_BYTES: &str = "2200000";

/// Creates the topics that are not there.
pub(crate) async fn create(brokers: &str) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", brokers).create().context("a client of Kafka")?;
    let topics = ["crosswalk.contacts", "crosswalk.webhooks"].map(|name| {
        NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(1)).set("max.message.bytes", MAX_MESSAGE_BYTES)
    });
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(15)));
    for outcome in admin.create_topics(&topics, &options).await.context("Kafka does not answer")? {
        match outcome {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => bail!("{topic}: {code}"),
        }
    }
    Ok(())
}
