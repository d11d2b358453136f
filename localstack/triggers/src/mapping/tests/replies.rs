//! Answers of functions, and what they mean for a batch.

use super::batch;
use crate::mapping::{
    event::Partition,
    reply::{Verdict, verdict},
};

fn of(answer: &str) -> Verdict {
    let partition = Partition { topic: "topic".into(), number: 0 };
    verdict(answer.as_bytes(), &partition, &batch([100, 101, 103]))
}

fn failures(items: &[(&str, i64)]) -> String {
    let items: Vec<_> = items
        .iter()
        .map(|(partition, offset)| serde_json::json!({"itemIdentifier": {"partition": partition, "offset": offset}}))
        .collect();
    serde_json::json!({"batchItemFailures": items}).to_string()
}

#[test]
fn an_answer_that_names_nothing_means_that_all_succeeded() {
    for answer in ["", " ", "null", "{}", r#"{"batchItemFailures": null}"#, r#"{"batchItemFailures": []}"#] {
        assert_eq!(of(answer), Verdict::Done, "{answer}");
    }
}

#[test]
fn everything_from_the_lowest_failure_on_is_done_again() {
    assert_eq!(of(&failures(&[("topic-0", 101)])), Verdict::From(101));
    assert_eq!(of(&failures(&[("topic-0", 103), ("topic-0", 101)])), Verdict::From(101));
    assert_eq!(of(&failures(&[("topic-0", 100)])), Verdict::From(100));
}

#[test]
fn an_answer_that_can_not_be_followed_has_everything_done_again() {
    for answer in [
        failures(&[("topic-0", 102)]),
        failures(&[("topic-0", 101), ("topic-0", 99)]),
        failures(&[("topic-1", 101)]),
        failures(&[("", 101)]),
        r#"{"batchItemFailures": [{}]}"#.into(),
        r#"{"batchItemFailures": [{"itemIdentifier": null}]}"#.into(),
        r#"{"batchItemFailures": [{"itemIdentifier": {"partition": "topic-0", "offset": "x"}}]}"#.into(),
        r#"{"batchItemFailures": 1}"#.into(),
        r#""fine""#.into(),
        "fine".into(),
    ] {
        assert!(matches!(of(&answer), Verdict::Unusable(_)), "{answer}");
    }
}
