//! Expressions, mostly those of
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>.

use jiff::Timestamp;

use crate::schedule::Expression;

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

/// The first moments of the expression after Monday 2026-11-23, 06:17:30 UTC.
fn next(expression: &str, count: usize) -> Vec<String> {
    let expression: Expression = expression.parse().expect("an expression");
    let start = moment("2026-11-23T06:17:30Z");
    std::iter::successors(expression.next_after(start, start), |last| expression.next_after(*last, start))
        .take(count)
        .map(|moment| moment.to_string())
        .collect()
}

#[test]
fn cron_expressions_match_in_utc() {
    for (expression, moments) in [
        ("cron(0 10 * * ? *)", ["2026-11-23T10:00:00Z", "2026-11-24T10:00:00Z"]),
        ("cron(15 12 * * ? *)", ["2026-11-23T12:15:00Z", "2026-11-24T12:15:00Z"]),
        ("cron(0 18 ? * MON-FRI *)", ["2026-11-23T18:00:00Z", "2026-11-24T18:00:00Z"]),
        ("cron(0 8 1 * ? *)", ["2026-12-01T08:00:00Z", "2027-01-01T08:00:00Z"]),
        ("cron(0/15 * * * ? *)", ["2026-11-23T06:30:00Z", "2026-11-23T06:45:00Z"]),
        ("cron(0/10 * ? * MON-FRI *)", ["2026-11-23T06:20:00Z", "2026-11-23T06:30:00Z"]),
        ("cron(0/5 8-17 ? * MON-FRI *)", ["2026-11-23T08:00:00Z", "2026-11-23T08:05:00Z"]),
        ("cron(0 9 ? * 2#1 *)", ["2026-12-07T09:00:00Z", "2027-01-04T09:00:00Z"]),
        ("cron(15 10 ? * 6L 2026-2027)", ["2026-11-27T10:15:00Z", "2026-12-25T10:15:00Z"]),
        ("cron(0 0 L * ? *)", ["2026-11-30T00:00:00Z", "2026-12-31T00:00:00Z"]),
        ("cron(0 0 28W * ? *)", ["2026-11-27T00:00:00Z", "2026-12-28T00:00:00Z"]),
        ("cron(0 0 ? * 1,7 *)", ["2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z"]),
        ("cron(0 0 ? * SUN-TUE *)", ["2026-11-24T00:00:00Z", "2026-11-29T00:00:00Z"]),
        ("cron(0 0 1 JAN,JUL ? *)", ["2027-01-01T00:00:00Z", "2027-07-01T00:00:00Z"]),
    ] {
        assert_eq!(next(expression, 2), moments, "{expression}");
    }
}

#[test]
fn a_cron_expression_ends_with_its_last_year() {
    assert_eq!(next("cron(0 0 1 12 ? 2026)", 2), ["2026-12-01T00:00:00Z"]);
    assert!(next("cron(0 0 1 1 ? 2026)", 1).is_empty());
}

#[test]
fn rates_count_from_the_start() {
    assert_eq!(next("rate(1 minute)", 2), ["2026-11-23T06:18:30Z", "2026-11-23T06:19:30Z"]);
    assert_eq!(next("rate(2 hours)", 1), ["2026-11-23T08:17:30Z"]);
    assert_eq!(next("rate(1 day)", 1), ["2026-11-24T06:17:30Z"]);

    let expression: Expression = "rate(5 minutes)".parse().expect("a rate");
    let start = moment("2026-11-23T06:00:00Z");
    let late = moment("2026-11-23T06:12:01Z");
    assert_eq!(expression.next_after(late, start), Some(moment("2026-11-23T06:15:00Z")));
}

#[test]
fn what_eventbridge_refuses_is_refused() {
    for (expression, reason) in [
        ("rate(1 minutes)", "is not a rate"),
        ("rate(5 minute)", "is not a rate"),
        ("rate(0 minutes)", "is not a rate"),
        ("rate(10 seconds)", "is not a rate"),
        ("rate(minute)", "is not a rate"),
        ("cron(0 10 * * ?)", "six fields"),
        ("cron(0 0 10 * * ? *)", "six fields"),
        ("cron(0 10 * * * *)", "must have ?"),
        ("cron(0 10 ? * ? *)", "must have ?"),
        ("cron(61 10 * * ? *)", "is not a cron expression"),
        ("cron(0 10 ? * XYZ *)", "is not a cron expression"),
        ("at(2026-11-23T10:00:00)", "neither rate(…) nor cron(…)"),
        ("every minute", "neither rate(…) nor cron(…)"),
    ] {
        let error = expression.parse::<Expression>().expect_err(expression).to_string();
        assert!(error.starts_with(expression) && error.contains(reason), "{error}");
    }
}

#[test]
fn an_expression_is_shown_as_it_is_followed() {
    for (written, shown) in [("rate(5 minutes)", "every 300s"), ("cron(0 10 * * ? *)", "cron(0 10 * * ? *)")] {
        assert_eq!(written.parse::<Expression>().expect(written).to_string(), shown);
    }
}
