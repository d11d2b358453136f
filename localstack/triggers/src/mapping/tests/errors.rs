//! Records that never succeed: found by halves, or given up for their age.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rdkafka::Timestamp as RecordTime;

use super::{
    record, record_of,
    stand::{
        Step::{Done, Invoked},
        Turn::{ChokesOn, Fails, IsAway, Succeeds},
        kafka, steps,
    },
};
use crate::template::Kafka;

#[tokio::test(start_paused = true)]
async fn halves_of_halves_find_the_record_that_fails() {
    let kafka = Kafka { bisect: true, retries: Some(1), ..kafka() };
    let records = (1..=4).map(|offset| record(offset, "x")).collect();
    assert_eq!(
        steps(kafka, &[ChokesOn(3)], records).await,
        [
            Invoked(vec![1, 2, 3, 4]),
            Invoked(vec![1, 2]),
            Done(3),
            Invoked(vec![3, 4]),
            Invoked(vec![3]),
            // Splitting has cost no try, so it has its retry.
            Invoked(vec![3]),
            Done(4),
            Invoked(vec![4]),
            Done(5),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_function_that_is_away_splits_nothing() {
    let kafka = Kafka { bisect: true, ..kafka() };
    let records = vec![record(1, "x"), record(2, "x")];
    assert_eq!(steps(kafka, &[IsAway, Succeeds], records).await, [Invoked(vec![1, 2]), Invoked(vec![1, 2]), Done(3)]);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_old_is_given_up_before_it_is_tried() {
    let kafka = Kafka { max_record_age: Some(Duration::from_mins(1)), ..kafka() };
    let aged = |offset, seconds| {
        let time = Timestamp::now() - SignedDuration::from_secs(seconds);
        record_of(offset, "x", RecordTime::CreateTime(time.as_millisecond()))
    };
    assert_eq!(
        steps(kafka.clone(), &[Succeeds], vec![aged(1, 600), aged(2, 0), aged(3, 600)]).await,
        [Invoked(vec![2]), Done(4)]
    );
    assert_eq!(steps(kafka, &[Fails], vec![aged(1, 600), aged(2, 600)]).await, [Done(3)]);
}
