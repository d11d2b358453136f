//! The rate limit: the generic cell rate algorithm, for all clients together.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lets requests through at a pace, some of them at once.
#[derive(Debug)]
pub(crate) struct Limiter {
    interval: Duration,
    burst: u32,
    /// When the next request would come, came they all at the pace.
    arrival: Mutex<Instant>,
}

impl Limiter {
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second.max(1);
        Self { interval, burst: burst.max(1), arrival: Mutex::new(Instant::now()) }
    }

    /// Lets a request through, or says how long to wait.
    pub(crate) fn admit(&self) -> Result<(), Duration> {
        self.admit_at(Instant::now())
    }

    fn admit_at(&self, now: Instant) -> Result<(), Duration> {
        let mut arrival = self.arrival.lock().unwrap_or_else(PoisonError::into_inner);
        let next = (*arrival).max(now) + self.interval;
        let ahead = next - now;
        match ahead.saturating_sub(self.interval * self.burst) {
            Duration::ZERO => {
                *arrival = next;
                Ok(())
            }
            wait => Err(wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Limiter;
    use std::time::{Duration, Instant};

    #[test]
    fn a_burst_goes_through_and_then_one_at_a_time() {
        let limiter = Limiter::new(10, 3);
        let start = Instant::now();
        for _ in 0..3 {
            assert_eq!(limiter.admit_at(start), Ok(()));
        }
        assert_eq!(limiter.admit_at(start), Err(Duration::from_millis(100)));
        assert_eq!(limiter.admit_at(start + Duration::from_millis(100)), Ok(()));
        assert!(limiter.admit_at(start + Duration::from_millis(100)).is_err());
    }

    #[test]
    fn a_pause_brings_back_no_more_than_the_burst() {
        let limiter = Limiter::new(10, 2);
        let later = Instant::now() + Duration::from_mins(1);
        assert_eq!([(); 3].map(|()| limiter.admit_at(later).is_ok()), [true, true, false]);
    }
}
