//! How long rows wait for the relay, told so often that silence means that nobody relays.

use std::time::Duration;

use crosswalk::clock::Moment;
use crosswalk::db::outbox::Waiting;
use crosswalk::telemetry::{self, Measure};
use jiff::Timestamp;

/// How often it is told. A round may take some seconds more, and whoever watches waits for fifteen.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// The longest wait that was seen since it was told.
pub struct Lag {
    longest: Option<Duration>,
    told: Moment,
}

impl Lag {
    /// Nothing has been seen yet.
    pub fn new() -> Self {
        Self { longest: None, told: Moment::now() }
    }

    /// Notes rows that were claimed; those that wait longest are among them. One that waits once more says nothing: since
    /// when, its row does not tell.
    pub fn note(&mut self, rows: &[Waiting]) {
        let oldest = rows.iter().filter(|row| row.turn == 0).map(|row| row.occurred_at).min();
        let waited = oldest.and_then(|moment| Timestamp::now().duration_since(moment).try_into().ok());
        self.longest = self.longest.max(Some(waited.unwrap_or_default()));
    }

    /// Tells it with what else was counted, when it is time to.
    pub fn tell(&mut self) {
        if self.told.elapsed() < TOLD_EVERY {
            return;
        }
        self.told = Moment::now();
        self.tell_now();
    }

    /// Tells it.
    pub fn tell_now(&mut self) {
        if let Some(longest) = self.longest.take() {
            telemetry::observe(Measure::RelayLag, longest);
        }
        telemetry::tell();
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Lag, Timestamp, Waiting};
    use uuid::Uuid;

    #[test]
    fn the_row_that_waits_longest_tells_and_one_that_waits_again_does_not() {
        let row = |age: i64, turn| Waiting {
            id: 1,
            ce_id: Uuid::nil(),
            tenant: "tn_one".into(),
            key: "key".into(),
            kind: "updated".into(),
            occurred_at: Timestamp::from_second(Timestamp::now().as_second() - age).unwrap(),
            traceparent: None,
            value: "{}".into(),
            contact: None,
            turn,
        };
        let mut lag = Lag::new();
        lag.note(&[]);
        assert_eq!(lag.longest, Some(Duration::ZERO));
        lag.note(&[row(5, 0), row(60, 0), row(9_000, 1)]);
        lag.note(&[row(9_000, 1)]);
        let seconds = lag.longest.unwrap().as_secs();
        assert!((60..65).contains(&seconds), "{seconds}");
    }
}
