//! Counts of one instance, for the time in which Redis gives no answer and for what is not worth a round trip.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

use super::{Cost, Decision, Limit};

/// The number of keys that are counted at once. The least recently used one is forgotten.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(4_096).expect("not zero");

/// The theoretical arrival time of the next request, by key: the same algorithm as in Redis.
#[derive(Debug)]
pub struct InstanceCounts(Mutex<LruCache<String, Instant>>);

impl InstanceCounts {
    /// Counts a request.
    pub fn count(&self, limit: Limit, key: &str) -> Decision {
        self.charge(limit, key, Cost::REQUEST)
    }

    /// Whether the next request would be let through.
    pub fn check(&self, limit: Limit, key: &str) -> Decision {
        self.charge(limit, key, Cost::Check)
    }

    /// Charges as the script in Redis does.
    pub fn charge(&self, limit: Limit, key: &str, cost: Cost) -> Decision {
        let now = Instant::now();
        let mut arrivals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = arrivals.get(key).map_or(Duration::ZERO, |arrival| arrival.saturating_duration_since(now));
        let (interval, tolerance) = (limit.interval(), limit.window());
        let units = match cost {
            Cost::Before(units) => units.min(limit.burst()),
            Cost::After(units) => units,
            Cost::Check => 1,
        };
        let after = before + interval * units;
        let left = |arrival: Duration| {
            u32::try_from(tolerance.saturating_sub(arrival).as_micros() / interval.as_micros()).unwrap_or(u32::MAX)
        };
        let early = after.saturating_sub(tolerance);
        if !early.is_zero() && !matches!(cost, Cost::After(_)) {
            return Decision { limit, remaining: left(before), reset: before, retry_after: Some(early) };
        }
        if cost == Cost::Check {
            return Decision { limit, remaining: left(after), reset: before, retry_after: None };
        }
        arrivals.put(key.to_owned(), now + after);
        Decision { limit, remaining: left(after), reset: after, retry_after: None }
    }
}

impl Default for InstanceCounts {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CAPACITY)))
    }
}

#[cfg(test)]
mod tests {
    use super::InstanceCounts;
    use crate::config::Quota;
    use crate::rate::Limit;
    use std::time::Duration;

    #[test]
    fn burst_is_let_through_and_the_next_request_is_refused() {
        let (counts, limit) = (InstanceCounts::default(), Limit::from(Quota { per_second: 1, burst: 3 }));
        for remaining in [2, 1, 0] {
            let decision = counts.count(limit, "a");
            assert_eq!((decision.remaining, decision.retry_after), (remaining, None));
        }
        for _ in 0..5 {
            let refused = counts.count(limit, "a");
            assert!(refused.retry_after.is_some_and(|it| it <= Duration::from_secs(1)), "{refused:?}");
            assert!(refused.reset > Duration::from_secs(2) && refused.reset <= Duration::from_secs(3), "{refused:?}");
        }
        assert_eq!(counts.count(limit, "b").retry_after, None, "another key has its own count");
    }

    #[test]
    fn check_counts_nothing() {
        let (counts, limit) = (InstanceCounts::default(), Limit::from(Quota { per_second: 1, burst: 1 }));
        for _ in 0..3 {
            assert_eq!(counts.check(limit, "a").retry_after, None);
        }
        counts.count(limit, "a");
        assert!(counts.check(limit, "a").retry_after.is_some());
    }

    #[test]
    fn keys_that_are_forgotten_are_the_least_recently_used() {
        let (counts, limit) = (InstanceCounts::default(), Limit::from(Quota { per_second: 1, burst: 1 }));
        for key in 0..super::CAPACITY.get() * 2 {
            counts.count(limit, "in use");
            counts.count(limit, &key.to_string());
        }
        assert!(counts.check(limit, "in use").retry_after.is_some());
        assert!(counts.check(limit, "0").retry_after.is_none());
    }
}
