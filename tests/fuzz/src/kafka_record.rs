//! A record of a topic, CloudEvents in binary mode, through the JSON that the event source mapping makes of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crosswalk::events::kafka::records;
use crosswalk::telemetry::TraceParent;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::kafka_event::is_worked_or_parked;
use crate::message::Message;

/// The lines are the record's headers and, named so, its key; what comes after an empty line is its value.
pub fn kafka_record(input: &[u8]) {
    let sent = Message::read(input);
    let headers: Vec<Value> = sent.headers().map(|(name, value)| json!({(name): signed(value)})).collect();
    let key = sent.header("key").unwrap_or_default();
    let event = json!({"eventSource": "aws:kafka", "records": {"crosswalk.contacts-3": [{
        "topic": "crosswalk.contacts", "partition": 3, "offset": 7, "timestampType": "CREATE_TIME",
        "key": STANDARD.encode(key), "value": STANDARD.encode(sent.body), "headers": headers,
    }]}});
    let [record] = records(&event).try_into().expect("there is one record");
    assert_eq!((record.topic.as_str(), record.partition, record.offset), ("crosswalk.contacts", 3, 7));
    is_worked_or_parked(&record);

    // What was sent is what is read.
    assert_eq!(record.key().ok().as_deref(), str::from_utf8(key).ok());
    assert_eq!(record.value().ok(), serde_json::from_slice::<Value>(sent.body).ok());
    for (name, _) in sent.headers() {
        assert_eq!(record.header(name).as_deref(), sent.text(name), "{name}");
    }
    let id = |text: &str| text.parse::<Uuid>().ok();
    let tenant = sent.text("ce_tenantid").filter(|it| it.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'));
    let contact = tenant.zip(str::from_utf8(key).ok().and_then(id)).map(|(tenant, id)| (tenant.to_owned(), id));
    assert_eq!(record.contact().ok(), contact);
    let named = record.value().ok().and_then(|value| value["id"].as_str().and_then(id));
    assert_eq!(record.webhook().ok(), named);
    if let Some(trace) = sent.text("traceparent").and_then(TraceParent::parse) {
        assert_eq!((trace.as_str().len(), trace.trace_id().len()), (55, 32));
    }
}

/// The mapping gives bytes as signed numbers.
fn signed(bytes: &[u8]) -> Vec<i8> {
    bytes.iter().map(|byte| byte.cast_signed()).collect()
}
