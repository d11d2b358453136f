//! Batches, cut in every way they are cut.

use std::time::Duration;

use jiff::Timestamp;
use rdkafka::Timestamp as RecordTime;

use super::{batch, record, record_of};
use crate::{
    mapping::{
        batch::Batch,
        event::{Partition, Source},
    },
    origin::Origin,
    template::Cluster,
};

#[test]
fn halves_follow_each_other() {
    let (first, second) = batch([5, 6, 9]).halves().expect("two halves");
    assert_eq!((first.offsets(), first.next()), (Some((5, 5)), 6));
    assert_eq!((second.offsets(), second.next()), (Some((6, 9)), 10));
    assert!(batch([5]).halves().is_err());
}

#[test]
fn what_is_left_of_a_batch_still_ends_where_it_ended() {
    let rest = batch([5, 6, 9]).from(6);
    assert_eq!((rest.offsets(), rest.next()), (Some((6, 9)), 10));
}

#[test]
fn what_is_too_old_is_taken_out_wherever_it_is() {
    let now: Timestamp = "2026-11-23T06:00:00Z".parse().expect("a time");
    let aged =
        |offset, seconds: i64| record_of(offset, "x", RecordTime::CreateTime(now.as_millisecond() - seconds * 1000));
    let mut batch = Batch::of(aged(1, 60));
    for record in [aged(2, 61), record_of(3, "x", RecordTime::NotAvailable), aged(4, 3600)] {
        batch.push(record);
    }
    let old = batch.take_older_than(Duration::from_mins(1), now);
    assert_eq!(old.offsets(), Some((2, 4)));
    assert_eq!((batch.offsets(), batch.len(), batch.next()), (Some((1, 3)), 2, 5));
}

#[test]
fn the_size_of_an_event_is_known_before_it_is_made() {
    let origin = Origin { account: "0".into(), region: "r".into() };
    let partition = Partition { topic: "topic".into(), number: 0 };
    for cluster in [Cluster::Managed(None), Cluster::SelfManaged(None)] {
        let source = Source::new(&cluster, "x:9092", &origin);
        let mut batch = Batch::of(record(1, "a"));
        batch.push(record(2, "\"ü\u{0}"));
        let text = source.event(&partition, batch.json()).to_string();
        assert_eq!(source.frame(&partition) + batch.size(), text.len(), "{text}");
    }
}
