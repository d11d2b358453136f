//! What the event source mapping hands to a consumer
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html>).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use lambda_http::Context;
use lambda_http::lambda_runtime::LambdaEvent;
use serde_json::{Value, json};

/// An event with these records of one partition, in order: the first has this offset.
pub fn event_from(topic: &str, first: usize, records: &[Value]) -> LambdaEvent<Value> {
    let placed = |(offset, record): (usize, &Value)| {
        let mut record = record.clone();
        if let Some(members) = record.as_object_mut() {
            members.insert("topic".to_owned(), json!(topic));
            members.insert("partition".to_owned(), json!(0));
            members.insert("offset".to_owned(), json!(offset + first));
            members.insert("timestamp".to_owned(), json!(1_790_000_000_000_u64));
            members.insert("timestampType".to_owned(), json!("CREATE_TIME"));
        }
        record
    };
    let placed: Vec<_> = records.iter().enumerate().map(placed).collect();
    let payload = json!({
        "eventSource": "aws:kafka",
        "eventSourceArn": "arn:aws:kafka:us-east-1:000000000000:cluster/test/1",
        "bootstrapServers": "b-1.test:9098,b-2.test:9098",
        "records": {format!("{topic}-0"): placed},
    });
    LambdaEvent::new(payload, Context::default())
}

/// An event with these records, the first of their partition.
pub fn event(topic: &str, records: &[Value]) -> LambdaEvent<Value> {
    event_from(topic, 0, records)
}

/// A record with a key, a value and headers.
pub fn record(key: &str, value: &[u8], headers: &[(&str, &str)]) -> Value {
    let header = |(name, text): &(&str, &str)| {
        // The bytes come as signed numbers.
        let bytes: Vec<_> = text.bytes().map(u8::cast_signed).collect();
        json!({(*name): bytes})
    };
    json!({
        "key": BASE64.encode(key),
        "value": BASE64.encode(value),
        "headers": headers.iter().map(header).collect::<Vec<_>>(),
    })
}

/// The record that wakes a consumer up for a webhook, as the relay publishes it.
pub fn of_webhook(ce_id: &str) -> Value {
    let headers = [("ce_specversion", "1.0"), ("ce_id", ce_id), ("content-type", "application/json")];
    record("cn_one/1", json!({"id": ce_id}).to_string().as_bytes(), &headers)
}

/// The record that wakes a consumer up for a contact.
pub fn of_contact(tenant: &str, id: &str) -> Value {
    record(id, b"{}", &[("ce_specversion", "1.0"), ("ce_tenantid", tenant), ("content-type", "application/json")])
}
