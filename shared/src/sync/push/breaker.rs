//! Leaving a CRM alone that is down or slow: its failures cost time, and that time is others'.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::{Moment, backoff};
use crate::config::Crms;

/// So many unanswered calls in a row are no accident.
const ENOUGH: u32 = 2;

/// How each connection's CRM has behaved lately.
#[derive(Debug, Default)]
pub(super) struct Breakers(Mutex<HashMap<(String, String), State>>);

#[derive(Debug, Clone, Copy)]
struct State {
    failures: u32,
    tripped: u32,
    open: Option<(Moment, Duration)>,
}

/// How bad a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    /// Nobody is there.
    Plain,
    /// One call went wrong, which may be its own fault, or took too long.
    Doubtful,
}

impl Breakers {
    /// For how long the CRM is to be left alone yet; `None` if it may be asked.
    pub(super) fn pause(&self, place: &(String, String)) -> Option<Duration> {
        let (since, length) = self.lock().get(place)?.open?;
        length.checked_sub(since.elapsed()).filter(|left| !left.is_zero())
    }

    /// Notes that it answered.
    pub(super) fn worked(&self, place: &(String, String)) {
        self.lock().remove(place);
    }

    /// Notes that it wants to be left alone for so long.
    pub(super) fn busy(&self, place: &(String, String), pause: Duration) {
        let mut states = self.lock();
        let state = states.entry(place.clone()).or_insert(State { failures: 0, tripped: 0, open: None });
        state.open = Some((Moment::now(), pause));
    }

    /// Notes that it did not. Returns for how long it is to be left alone, if that is enough by now.
    pub(super) fn failed(&self, place: &(String, String), severity: Severity, settings: &Crms) -> Option<Duration> {
        let mut states = self.lock();
        let state = states.entry(place.clone()).or_insert(State { failures: 0, tripped: 0, open: None });
        state.failures += 1;
        if severity == Severity::Doubtful && state.failures < ENOUGH {
            return None;
        }
        state.tripped += 1;
        let pause = backoff(settings.retry, settings.retry_max, state.tripped);
        state.open = Some((Moment::now(), pause));
        Some(pause)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
