//! The parts, each by itself, and one partition with a function that does what it is told, under tokio's paused clock.

mod batches;
mod delivery;
mod errors;
mod replies;
mod stand;

use rdkafka::{Timestamp, message::OwnedMessage};

use super::{batch::Batch, record::Record};

/// A record of `topic-0` with this offset, as old as the epoch.
fn record(offset: i64, value: &str) -> Record {
    record_of(offset, value, Timestamp::CreateTime(0))
}

fn record_of(offset: i64, value: &str, time: Timestamp) -> Record {
    let value = value.as_bytes().to_vec();
    Record::read(&OwnedMessage::new(Some(value), None, "topic".into(), time, 0, offset, None))
}

fn batch(offsets: impl IntoIterator<Item = i64>) -> Batch {
    let mut records = offsets.into_iter().map(|offset| record(offset, "x"));
    let mut batch = Batch::of(records.next().expect("a batch has a record"));
    records.for_each(|record| batch.push(record));
    batch
}
