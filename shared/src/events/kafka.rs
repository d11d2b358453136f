//! What the event source mapping hands over: records of Kafka, in JSON.
//!
//! One record that is odd must not spoil the batch, so all of it is read from plain JSON, member by member.
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html>

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::telemetry::{self, Measure, Span, TraceParent};

/// A record, as far as it can be read.
#[derive(Debug, Clone, PartialEq)]
pub struct KafkaRecord<'a> {
    /// Its topic; empty if it names none.
    pub topic: String,
    /// Its partition; -1 if it names none.
    pub partition: i32,
    /// Its place there; -1 if it names none.
    pub offset: i64,
    /// All of it, as it came.
    pub raw: &'a Value,
}

/// The records of an event, each partition's in order.
pub fn records(event: &Value) -> Vec<KafkaRecord<'_>> {
    let lists = event["records"].as_object().into_iter().flatten();
    lists.flat_map(|(name, list)| list.as_array().into_iter().flatten().map(|raw| KafkaRecord::of(name, raw))).collect()
}

/// The reply to the event source mapping. If a store is away, all the records are to come again: by a reply that names them,
/// where the mapping reads it, else by failing the invocation.
pub fn reply(outcome: Result<()>, records: &[KafkaRecord<'_>], item_failures: bool) -> Result<Value> {
    telemetry::count(Measure::BatchSize, records.len() as u64);
    telemetry::count(Measure::BatchesFailed, u64::from(outcome.is_err()));
    match outcome {
        Ok(()) => Ok(failures(&[])),
        Err(error @ Error::Unavailable { .. }) if item_failures => {
            tracing::error!(cause = error.chain(), records = records.len(), "the records are to come again");
            Ok(failures(records))
        }
        Err(error) => Err(error),
    }
}

/// The reply that says that these records are to come again.
/// <https://docs.aws.amazon.com/lambda/latest/dg/kafka-retry-configurations.html>
fn failures(records: &[KafkaRecord<'_>]) -> Value {
    let failures: Vec<_> = records
        .iter()
        .map(|KafkaRecord { topic, partition, offset, .. }| {
            json!({"itemIdentifier": {"partition": format!("{topic}-{partition}"), "offset": offset}})
        })
        .collect();
    json!({"batchItemFailures": failures})
}

impl<'a> KafkaRecord<'a> {
    fn of(list: &str, raw: &'a Value) -> Self {
        // The list is named after both, and a topic may have hyphens of its own.
        let (topic, partition) = list.rsplit_once('-').unwrap_or((list, ""));
        let named = || partition.parse().unwrap_or(-1);
        let partition = raw["partition"].as_i64().and_then(|number| i32::try_from(number).ok()).unwrap_or_else(named);
        Self {
            topic: raw["topic"].as_str().unwrap_or(topic).to_owned(),
            partition,
            offset: raw["offset"].as_i64().unwrap_or(-1),
            raw,
        }
    }

    /// The span in which it is worked, in the trace that its producer belongs to.
    pub fn span(&self) -> Span {
        let parent = self.header("traceparent").and_then(|header| TraceParent::parse(&header));
        let mut span = Span::consumer(&self.topic, parent);
        span.set("messaging.destination.partition.id", i64::from(self.partition));
        span.set("messaging.kafka.offset", self.offset);
        span
    }

    /// The value as JSON, or why it is none.
    pub fn value(&self) -> Result<Value, String> {
        let text = self.raw["value"].as_str().ok_or("it has no value")?;
        let bytes = STANDARD.decode(text).map_err(|_| "its value is not base64")?;
        serde_json::from_slice(&bytes).map_err(|_| "its value is not JSON".to_owned())
    }

    /// The key as text, or why it is none.
    pub fn key(&self) -> Result<String, String> {
        let text = self.raw["key"].as_str().ok_or("it has no key")?;
        let bytes = STANDARD.decode(text).map_err(|_| "its key is not base64")?;
        String::from_utf8(bytes).map_err(|_| "its key is not text".to_owned())
    }

    /// A header as text; `None` if there is none that can be read. Its bytes come as signed numbers.
    pub fn header(&self, name: &str) -> Option<String> {
        let headers = self.raw["headers"].as_array()?;
        let bytes = headers.iter().rev().find_map(|header| header.get(name))?.as_array()?;
        let byte = |number: &Value| number.as_i64().and_then(|number| i8::try_from(number).ok()).map(i8::cast_unsigned);
        String::from_utf8(bytes.iter().map(byte).collect::<Option<_>>()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{failures, records};
    use serde_json::json;

    #[test]
    fn an_odd_record_spoils_no_other() {
        let event = json!({"eventSource": "aws:kafka", "records": {"a-b-0": [
            {"topic": "a-b", "partition": 0, "offset": 7, "key": "a2V5", "value": "eyJpZCI6MX0=",
             "headers": [{"ce_id": [104, 105]}, {"odd": [-56]}, {"worse": ["x"]}, 5]},
            {"offset": 8, "value": "%%%"}, null, 17, {"value": "bm90IEpTT04="}, {"value": null},
        ], "c-1": "nothing", "": []}});
        let records = records(&event);
        let values: Vec<_> = records.iter().map(super::KafkaRecord::value).collect();
        assert_eq!(values[0], Ok(json!({"id": 1})));
        let why = |index: usize| values[index].clone().unwrap_err();
        assert_eq!(
            (why(1), why(2), why(3)),
            ("its value is not base64".into(), "it has no value".into(), "it has no value".into())
        );
        assert_eq!((why(4), why(5)), ("its value is not JSON".into(), "it has no value".into()));
        assert_eq!((records[0].key(), records[1].key()), (Ok("key".into()), Err("it has no key".into())));
        assert_eq!(records[0].header("ce_id").as_deref(), Some("hi"));
        assert_eq!(
            (records[0].header("odd"), records[0].header("worse"), records[1].header("ce_id")),
            (None, None, None)
        );
        assert_eq!((records[1].topic.as_str(), records[1].partition, records[2].offset), ("a-b", 0, -1));
    }

    #[test]
    fn an_event_that_is_none_has_no_records() {
        for event in [json!(null), json!({}), json!({"records": []}), json!({"records": {"a-0": {}}})] {
            assert_eq!(records(&event), []);
        }
    }

    #[test]
    fn what_failed_is_named_by_partition_and_offset() {
        let event = json!({"records": {"a-0": [{"offset": 7}, {"offset": 8}], "a-1": [{"offset": 3}]}});
        let at = |partition: &str, offset: i64| json!({"itemIdentifier": {"partition": partition, "offset": offset}});
        assert_eq!(
            failures(&records(&event)),
            json!({"batchItemFailures": [at("a-0", 7), at("a-0", 8), at("a-1", 3)]})
        );
    }
}
