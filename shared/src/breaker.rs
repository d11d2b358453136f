//! Leaving a failing server alone for a while, so that a request pays for its absence once in two seconds at most.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Open after a failure, until its time has passed; then the next caller tries again.
#[derive(Debug)]
pub struct Breaker {
    pause: Duration,
    open_until: Mutex<Option<Instant>>,
}

impl Breaker {
    /// A closed breaker that will stay open for `pause` after a failure.
    pub fn new(pause: Duration) -> Self {
        Self { pause, open_until: Mutex::new(None) }
    }

    /// Whether the server is to be left alone. Once the pause is over one caller is let through; the others wait for
    /// what it finds out.
    pub fn is_open(&self) -> bool {
        let mut open_until = self.lock();
        let now = Instant::now();
        match *open_until {
            Some(until) if now < until => true,
            Some(_) => {
                *open_until = Some(now + self.pause);
                false
            }
            None => false,
        }
    }

    /// Notes a failure.
    pub fn trip(&self) {
        *self.lock() = Some(Instant::now() + self.pause);
    }

    /// Notes a success.
    pub fn close(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.open_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Breaker;
    use std::time::Duration;

    #[test]
    fn a_failure_opens_it_and_a_success_closes_it() {
        let breaker = Breaker::new(Duration::from_mins(1));
        assert!(!breaker.is_open());
        breaker.trip();
        assert!(breaker.is_open());
        breaker.close();
        assert!(!breaker.is_open());
    }

    #[test]
    fn after_the_pause_one_caller_tries_and_the_rest_wait() {
        let breaker = Breaker::new(Duration::from_millis(0));
        breaker.trip();
        assert!(!breaker.is_open(), "the pause is over");
        let breaker = Breaker { pause: Duration::from_mins(1), open_until: Some(std::time::Instant::now()).into() };
        assert!(!breaker.is_open(), "one is let through");
        assert!(breaker.is_open(), "the next is not");
    }
}
