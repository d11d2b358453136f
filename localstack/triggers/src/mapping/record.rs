//! A record on its way from a topic to a function.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use rdkafka::{
    Timestamp,
    message::{Headers, Message},
};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

/// A record, in the form that functions get.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) offset: i64,
    /// In milliseconds since 1970.
    pub(super) timestamp: Option<i64>,
    /// As it is in the topic.
    pub(super) key: Option<Vec<u8>>,
    /// What the function gets.
    pub(super) json: Value,
    /// The length of that as text, in bytes.
    pub(super) size: usize,
    /// When it was taken from the topic.
    pub(super) since: Instant,
}

impl Record {
    pub(super) fn read<M: Message>(message: &M) -> Self {
        let json = json(message);
        Self {
            offset: message.offset(),
            timestamp: message.timestamp().to_millis(),
            key: message.key().map(<[u8]>::to_vec),
            size: json.to_string().len(),
            json,
            since: Instant::now(),
        }
    }

    /// Whether it was written longer ago than this. A record without a time never was.
    pub(super) fn is_older_than(&self, age: Duration, now: jiff::Timestamp) -> bool {
        let oldest = i64::try_from(age.as_millis()).ok().and_then(|age| now.as_millisecond().checked_sub(age));
        self.timestamp.zip(oldest).is_some_and(|(timestamp, oldest)| timestamp < oldest)
    }
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html#msk-sample-event>
fn json<M: Message>(message: &M) -> Value {
    let mut record = Map::new();
    record.insert("topic".into(), message.topic().into());
    record.insert("partition".into(), message.partition().into());
    record.insert("offset".into(), message.offset().into());
    let (kind, time) = match message.timestamp() {
        Timestamp::CreateTime(time) => ("CREATE_TIME", time),
        Timestamp::LogAppendTime(time) => ("LOG_APPEND_TIME", time),
        Timestamp::NotAvailable => ("NO_TIMESTAMP_TYPE", -1),
    };
    record.insert("timestamp".into(), time.into());
    record.insert("timestampType".into(), kind.into());
    for (member, bytes) in [("key", message.key()), ("value", message.payload())] {
        if let Some(bytes) = bytes {
            record.insert(member.into(), BASE64.encode(bytes).into());
        }
    }
    let headers = message.headers().into_iter().flat_map(Headers::iter).map(|header| {
        // Java's bytes have a sign, and Lambda's pollers are written in Java.
        let bytes = header.value.unwrap_or_default().iter().map(|byte| byte.cast_signed());
        json!({ header.key: bytes.collect::<Vec<i8>>() })
    });
    record.insert("headers".into(), headers.collect());
    record.into()
}
