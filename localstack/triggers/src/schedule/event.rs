//! What a scheduled function gets: `EventBridge`'s scheduled event, or the input its schedule gives.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html>

use jiff::{Timestamp, Unit};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{origin::Origin, template::Schedule};

/// The body of the invocation for a tick at `time`.
pub(super) fn body(schedule: &Schedule, origin: &Origin, time: Timestamp) -> Value {
    if let Some(input) = &schedule.input {
        return input.clone();
    }
    let Origin { account, region } = origin;
    let rule = &schedule.rule;
    json!({
        "version": "0",
        "id": Uuid::new_v4(),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": account,
        "time": whole_seconds(time).to_string(),
        "region": region,
        "resources": [format!("arn:aws:events:{region}:{account}:rule/{rule}")],
        "detail": {},
    })
}

/// `EventBridge` gives the time without fractions.
fn whole_seconds(time: Timestamp) -> Timestamp {
    time.round(jiff::TimestampRound::new().smallest(Unit::Second).mode(jiff::RoundMode::Trunc)).unwrap_or(time)
}
