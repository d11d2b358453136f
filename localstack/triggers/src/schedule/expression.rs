//! The schedule expressions of `EventBridge` rules: `rate(5 minutes)` and `cron(0 8 ? * MON-FRI *)`, in UTC.
//!
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html>

use std::{fmt, str::FromStr, time::Duration};

use croner::{
    Cron,
    errors::CronError,
    parser::{CronParser, Seconds, Year},
};
use jiff::{Timestamp, tz::TimeZone};

/// When a schedule fires.
#[derive(Clone, Debug)]
pub enum Expression {
    /// First at the start, then once each period.
    Rate(Duration),
    /// At the minutes that match.
    Cron(Box<Cron>),
}

/// Why an expression can't be followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExpressionError {
    /// It has neither of the two forms.
    #[error("{0} is neither rate(…) nor cron(…)")]
    UnknownForm(String),
    /// A rate that `EventBridge` refuses.
    #[error("{0} is not a rate; write rate(1 minute) or rate(5 minutes), in minutes, hours or days")]
    BadRate(String),
    /// A cron expression without its six fields.
    #[error("{0} must have six fields: minutes, hours, day of month, month, day of week, year")]
    NotSixFields(String),
    /// Both days are given, or neither is.
    #[error("{0} must have ? as its day of month or its day of week, and not as both")]
    BothDays(String),
    /// A field of a cron expression that doesn't parse.
    #[error("{expression} is not a cron expression")]
    BadCron {
        /// The whole expression.
        expression: String,
        /// What is wrong with it.
        source: CronError,
    },
}

impl Expression {
    /// The next moment after `now`, if there is one: a cron expression may name its last year. Rates are counted
    /// from `start`, so that lateness doesn't add up.
    pub fn next_after(&self, now: Timestamp, start: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Rate(period) => {
                let passed = now.duration_since(start).as_secs();
                let period = i64::try_from(period.as_secs()).ok()?;
                let ticks = passed.div_euclid(period) + 1;
                start.checked_add(jiff::SignedDuration::from_secs(ticks.checked_mul(period)?)).ok()
            }
            Self::Cron(cron) => {
                cron.find_next_occurrence(&now.to_zoned(TimeZone::UTC), false).ok().map(|moment| moment.timestamp())
            }
        }
    }
}

impl FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let inside = |form: &str| text.strip_prefix(form)?.strip_prefix('(')?.strip_suffix(')').map(str::trim);
        if let Some(rate) = inside("rate") {
            let period = period(rate).ok_or_else(|| ExpressionError::BadRate(text.to_owned()))?;
            Ok(Self::Rate(period))
        } else if let Some(fields) = inside("cron") {
            Ok(Self::Cron(Box::new(cron(text, fields)?)))
        } else {
            Err(ExpressionError::UnknownForm(text.to_owned()))
        }
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate(period) => write!(f, "every {period:?}"),
            // The seconds are ours: EventBridge's expressions have none.
            Self::Cron(cron) => {
                let pattern = cron.as_str();
                write!(f, "cron({})", pattern.strip_prefix("0 ").unwrap_or(pattern))
            }
        }
    }
}

/// `EventBridge` wants the singular after 1 and the plural after any other number.
fn period(rate: &str) -> Option<Duration> {
    let (count, unit) = rate.split_once(char::is_whitespace)?;
    let count: u32 = count.parse().ok().filter(|count| *count > 0)?;
    let minutes: u64 = match (unit.trim(), count) {
        ("minute", 1) | ("minutes", 2..) => 1,
        ("hour", 1) | ("hours", 2..) => 60,
        ("day", 1) | ("days", 2..) => 24 * 60,
        _ => return None,
    };
    Some(Duration::from_secs(u64::from(count) * minutes * 60))
}

fn cron(expression: &str, fields: &str) -> Result<Cron, ExpressionError> {
    let parts: Vec<&str> = fields.split_whitespace().collect();
    let &[_, _, day_of_month, _, day_of_week, _] = parts.as_slice() else {
        return Err(ExpressionError::NotSixFields(expression.to_owned()));
    };
    if (day_of_month == "?") == (day_of_week == "?") {
        return Err(ExpressionError::BothDays(expression.to_owned()));
    }
    CronParser::builder()
        .seconds(Seconds::Required)
        .year(Year::Required)
        // EventBridge counts the days of the week from SUN = 1, and takes `0/10` for every tenth.
        .alternative_weekdays(true)
        .sloppy_ranges(true)
        .build()
        .parse(&format!("0 {fields}"))
        .map_err(|source| ExpressionError::BadCron { expression: expression.to_owned(), source })
}
