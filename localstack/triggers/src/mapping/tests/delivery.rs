//! Batches: what is in them, and when they are tried again.

use std::time::Duration;

use super::{
    record,
    stand::{
        Step::{self, Done, Invoked},
        Turn::{Fails, FailsFrom, IsAway, Succeeds},
        kafka, steps, timed,
    },
};
use crate::{
    mapping::{event::MOST_BYTES, record::Record},
    template::{Kafka, Reply},
};

fn records(offsets: impl IntoIterator<Item = i64>) -> Vec<Record> {
    offsets.into_iter().map(|offset| record(offset, "x")).collect()
}

fn invocations(steps: &[Step]) -> usize {
    steps.iter().filter(|step| matches!(step, Invoked(_))).count()
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_as_large_as_it_may_be() {
    let kafka = Kafka { batch_size: 2, ..kafka() };
    assert_eq!(
        steps(kafka, &[Succeeds], records(1..=3)).await,
        [Invoked(vec![1, 2]), Done(3), Invoked(vec![3]), Done(4)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_window_counts_from_the_first_record() {
    let start = tokio::time::Instant::now();
    let records = records([1]);
    tokio::time::advance(Duration::from_millis(200)).await;
    let steps = timed(kafka(), &[Succeeds], records).await;
    assert_eq!((steps[0].1 - start).as_millis(), 500);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_failed_comes_again_whole_and_ever_later() {
    let steps = timed(kafka(), &[Fails, Fails, Fails, Fails, Succeeds], records([1, 2])).await;
    let (last, tries) = steps.split_last().expect("steps");
    assert_eq!(last.0, Done(3));
    assert!(tries.iter().all(|(step, _)| *step == Invoked(vec![1, 2])), "{tries:?}");
    let pauses: Vec<_> = tries.windows(2).map(|pair| (pair[1].1 - pair[0].1).as_millis()).collect();
    for (pause, full) in pauses.iter().zip([150, 300, 600, 1200]) {
        assert!((full / 2..=full + 1).contains(pause), "{pauses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_it_comes_for_ever() {
    let steps = timed(kafka(), &[Fails], records([1])).await;
    // A day of pauses of ten seconds at most.
    assert!(steps.len() > 8_640, "{}", steps.len());
    assert!(steps.iter().all(|(step, _)| *step == Invoked(vec![1])));
}

#[tokio::test(start_paused = true)]
async fn after_its_last_try_a_batch_without_a_destination_is_dropped() {
    for retries in [0, 3] {
        let kafka = Kafka { retries: Some(retries), ..kafka() };
        let steps = steps(kafka, &[Fails], records([1, 2])).await;
        assert_eq!(invocations(&steps), retries as usize + 1);
        assert_eq!(steps.last(), Some(&Done(3)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_is_away_costs_no_try() {
    let kafka = Kafka { retries: Some(0), ..kafka() };
    let turns = [IsAway, IsAway, IsAway, Succeeds];
    let steps = steps(kafka, &turns, records([1])).await;
    assert_eq!((invocations(&steps), steps.last()), (4, Some(&Done(2))));
}

#[tokio::test(start_paused = true)]
async fn what_came_before_a_failure_is_done_and_the_rest_comes_again() {
    let kafka = Kafka { reply: Reply::BatchItemFailures, ..kafka() };
    assert_eq!(
        steps(kafka, &[FailsFrom(3), FailsFrom(3), FailsFrom(4), Succeeds], records(1..=4)).await,
        [
            Invoked(vec![1, 2, 3, 4]),
            Done(3),
            Invoked(vec![3, 4]),
            Invoked(vec![3, 4]),
            Done(4),
            Invoked(vec![4]),
            Done(5),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_new_has_all_its_tries() {
    let kafka = Kafka { reply: Reply::BatchItemFailures, retries: Some(1), ..kafka() };
    assert_eq!(
        steps(kafka, &[FailsFrom(1), FailsFrom(2), FailsFrom(2), Succeeds], records([1, 2])).await,
        [Invoked(vec![1, 2]), Invoked(vec![1, 2]), Done(2), Invoked(vec![2]), Done(3)]
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_not_looked_at_unless_the_mapping_says_so() {
    assert_eq!(steps(kafka(), &[FailsFrom(1)], records([1])).await, [Invoked(vec![1]), Done(2)]);
}

#[tokio::test(start_paused = true)]
async fn records_that_make_a_batch_too_large_come_in_the_next() {
    // Two thirds of the limit, once they are base64.
    let large = "x".repeat(MOST_BYTES / 2);
    let records = vec![record(1, "a"), record(2, &large), record(3, &large), record(4, "b")];
    assert_eq!(
        steps(kafka(), &[Succeeds], records).await,
        [Invoked(vec![1, 2]), Done(3), Invoked(vec![3, 4]), Done(5)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_record_that_fits_no_invocation_stops_nobody() {
    let records = vec![record(1, "a"), record(2, &"x".repeat(MOST_BYTES)), record(3, "b")];
    assert_eq!(
        steps(kafka(), &[Succeeds], records).await,
        [Invoked(vec![1]), Done(2), Done(3), Invoked(vec![3]), Done(4)]
    );
}
