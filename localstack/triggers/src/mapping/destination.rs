//! The on-failure destination: a topic that takes the records which were given up, and why.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure-destination.html>

use std::time::Duration;

use futures::future::try_join_all;
use jiff::Timestamp;
use rdkafka::{
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
    producer::{FutureProducer, FutureRecord},
};
use serde_json::{Value, json};
use tracing::error;
use uuid::Uuid;

use super::{
    batch::Batch,
    client::{self, ProducerLog},
    event::{Partition, Source},
    record::Record,
};

/// How long the broker may take for a record.
const PATIENCE: Duration = Duration::from_secs(5);

/// Larger than any record in an event can be; the topic has its own limit.
const LARGEST: &str = "10000000";

/// Why records are given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    RetryAttemptsExhausted,
    RecordAgeExceeded,
    MaximumPayloadSizeExceeded,
}

impl Condition {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::RetryAttemptsExhausted => "RetryAttemptsExhausted",
            Self::RecordAgeExceeded => "RecordAgeExceeded",
            Self::MaximumPayloadSizeExceeded => "MaximumPayloadSizeExceeded",
        }
    }
}

/// What is said of a batch that was given up.
#[derive(Debug)]
pub(super) struct Obituary<'a> {
    pub(super) function_arn: &'a str,
    pub(super) source: &'a Source,
    pub(super) partition: &'a Partition,
    pub(super) condition: Condition,
    /// How often the function was invoked with it.
    pub(super) invocations: u32,
}

/// A topic for what was given up.
pub(super) struct Destination {
    topic: String,
    producer: FutureProducer<ProducerLog>,
}

impl Destination {
    pub(super) fn new(brokers: &str, topic: &str) -> KafkaResult<Self> {
        let producer = client::config(brokers)
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("partitioner", "murmur2_random")
            .set("message.max.bytes", LARGEST)
            .set("message.timeout.ms", PATIENCE.as_millis().to_string())
            // A topic that isn't there is told as such before that.
            .set("topic.metadata.propagation.max.ms", "2000")
            .create_with_context(ProducerLog)?;
        Ok(Self { topic: topic.to_owned(), producer })
    }

    /// Sends the records with their keys, and returns when the broker has them all. When it fails some may be there.
    pub(super) async fn send(&self, batch: &Batch, obituary: &Obituary<'_>) -> Result<(), KafkaError> {
        let base = obituary.text(batch, Timestamp::now());
        try_join_all(batch.records().iter().map(|record| self.send_one(record, &base))).await.map(drop)
    }

    async fn send_one(&self, record: &Record, base: &Value) -> Result<(), KafkaError> {
        let mut message = base.clone();
        message["payload"] = record.json.clone();
        let text = message.to_string();
        let mut produced = FutureRecord::<[u8], str>::to(&self.topic).payload(&text);
        produced.key = record.key.as_deref();
        match self.producer.send(produced, PATIENCE).await {
            Ok(_) => Ok(()),
            // No later try will be smaller, and the partition would stand still for ever.
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge), _)) => {
                let (topic, offset) = (&self.topic, record.offset);
                error!(topic, offset, "a record that was given up is too large for the on-failure topic: it is lost");
                Ok(())
            }
            Err((error, _)) => Err(error),
        }
    }
}

impl Obituary<'_> {
    fn text(&self, batch: &Batch, now: Timestamp) -> Value {
        let mut text = json!({
            "requestContext": {
                "requestId": Uuid::new_v4(),
                "functionArn": self.function_arn,
                "condition": self.condition.as_str(),
                "approximateInvokeCount": self.invocations,
            },
            "version": "1.0",
            "timestamp": milliseconds(now),
            "KafkaBatchInfo": self.batch_info(batch),
        });
        if self.invocations > 0 {
            text["responseContext"] =
                json!({"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"});
        }
        text
    }

    fn batch_info(&self, batch: &Batch) -> Value {
        let time = |record: Option<&Record>| {
            let time = record.and_then(|record| Timestamp::from_millisecond(record.timestamp?).ok());
            time.map(milliseconds)
        };
        let (first, last) = batch.offsets().unwrap_or_default();
        let mut info = json!({
            "batchSize": batch.len(),
            "bootstrapServers": self.source.brokers,
            "payloadSize": self.source.frame(self.partition) + batch.size(),
            "recordsInfo": {
                self.partition.to_string(): {
                    "firstRecordOffset": first.to_string(),
                    "lastRecordOffset": last.to_string(),
                    "firstRecordTimestamp": time(batch.records().first()),
                    "lastRecordTimestamp": time(batch.records().last()),
                },
            },
        });
        if let Some(arn) = &self.source.arn {
            info["eventSourceArn"] = arn.as_str().into();
        }
        info
    }
}

/// As Lambda writes times: `2019-11-14T00:38:06.021Z`.
fn milliseconds(time: Timestamp) -> String {
    format!("{time:.3}")
}
