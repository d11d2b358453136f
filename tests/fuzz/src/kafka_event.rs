//! What the event source mapping invokes the consumers with.

use crosswalk::error::Error;
use crosswalk::events::kafka::{KafkaRecord, records, reply};
use serde_json::{Value, json};

/// Why a record is parked: nothing else is ever said of one.
const REASONS: [&str; 10] = [
    "it has no value",
    "its value is not base64",
    "its value is not JSON",
    "its value names no webhook",
    "it has no key",
    "its key is not base64",
    "its key is not text",
    "its key is no contact's id",
    "it has no header ce_tenantid",
    "its header ce_tenantid is no tenant's id",
];

/// The input is the JSON of an event.
pub fn kafka_event(input: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Value>(input) else { return };
    let read = records(&event);
    let came: Vec<&Value> = lists(&event).flat_map(|(_, list)| list).collect();
    assert_eq!(read.iter().map(|record| record.raw).collect::<Vec<_>>(), came, "none is dropped, and none made up");
    read.iter().for_each(is_worked_or_parked);
    all_come_again(&read);
}

fn lists(event: &Value) -> impl Iterator<Item = (&String, &Vec<Value>)> {
    let lists = event.get("records").and_then(Value::as_object).into_iter().flatten();
    lists.filter_map(|(name, list)| Some((name, list.as_array()?)))
}

/// A record says what it wakes us up for, or why it can't be told.
pub fn is_worked_or_parked(record: &KafkaRecord<'_>) {
    if let Err(reason) = record.webhook() {
        assert!(REASONS.contains(&reason.as_str()), "{reason}");
    }
    match record.contact() {
        Ok((tenant, _)) => assert!(tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')),
        Err(reason) => assert!(REASONS.contains(&reason.as_str()), "{reason}"),
    }
}

/// With a store away, the reply names each record once, or the invocation fails.
fn all_come_again(records: &[KafkaRecord<'_>]) {
    let away = || Err(Error::unavailable("PostgreSQL", "away"));
    let reply = |outcome, item_failures| reply(outcome, records, item_failures);
    assert_eq!(reply(Ok(()), true).unwrap(), json!({"batchItemFailures": []}));
    reply(away(), false).expect_err("the mapping would take a reply for success");
    let told = reply(away(), true).unwrap();
    let named = records.iter().map(|KafkaRecord { topic, partition, offset, .. }| {
        json!({"itemIdentifier": {"partition": format!("{topic}-{partition}"), "offset": offset}})
    });
    assert_eq!(told["batchItemFailures"], named.collect::<Value>());
}
