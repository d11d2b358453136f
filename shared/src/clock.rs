//! Time as a function must measure it: it may be frozen at any point, and its steady clock may stand still meanwhile.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// What is left of the invocation when the work ends: enough for what was begun, be it a transaction or records that
/// are to be delivered or given up, and for what tidies up after it.
const MARGIN: Duration = Duration::from_secs(15);

/// How long to wait after so many failures in a row: at most the first pause, doubled with each, up to a limit; how much of
/// it is left to chance, so that those who failed together don't come back together
/// (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
pub fn backoff(first: Duration, limit: Duration, failures: u32) -> Duration {
    let full = first.saturating_mul(1_u32 << failures.saturating_sub(1).min(30)).min(limit);
    // A hasher's keys are random, and that is all the randomness this needs.
    let [a, b, ..] = RandomState::new().hash_one(failures).to_ne_bytes();
    full * (u32::from(u16::from_ne_bytes([a, b])) + 1) / (u32::from(u16::MAX) + 1)
}

/// A moment, on both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    steady: Instant,
    wall: SystemTime,
}

impl Moment {
    /// Now.
    pub fn now() -> Self {
        Self { steady: Instant::now(), wall: SystemTime::now() }
    }

    /// How long ago it was, by the clock that says longer: one may have stood still, the other may have been set.
    pub fn elapsed(&self) -> Duration {
        self.steady.elapsed().max(self.wall.elapsed().unwrap_or_default())
    }
}

/// When a function's work ends.
#[derive(Debug)]
pub struct End {
    began: Moment,
    length: Duration,
}

impl End {
    /// The end of work that begins now: after its length, or early enough before the invocation is cut at the deadline
    /// (milliseconds since 1970). A deadline that has passed is none: some emulators send none that means anything.
    pub fn after(length: Duration, deadline_ms: u64) -> Self {
        let left = UNIX_EPOCH
            .checked_add(Duration::from_millis(deadline_ms))
            .and_then(|deadline| deadline.duration_since(SystemTime::now()).ok());
        let length = left.map_or(length, |left| length.min(left.saturating_sub(MARGIN).max(left / 2)));
        Self { began: Moment::now(), length }
    }

    /// How long the work lasts yet.
    pub fn left(&self) -> Duration {
        self.length.saturating_sub(self.began.elapsed())
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// How long it has lasted.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::{End, Moment, backoff};
    use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

    const SHIFT: Duration = Duration::from_secs(115);

    /// What the shift lasts when its invocation is cut in so many seconds; half a second is for the test itself.
    fn lasts(deadline_secs: u64) -> u64 {
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + Duration::from_secs(deadline_secs);
        let end = End::after(SHIFT, u64::try_from(deadline.as_millis()).unwrap());
        (end.left() + Duration::from_millis(500)).as_secs()
    }

    #[test]
    fn pauses_grow_to_a_limit_and_are_never_none() {
        let pause = |failures| backoff(Duration::from_secs(1), Duration::from_mins(15), failures);
        let longest = |failures| (0..200).map(|_| pause(failures)).max().unwrap();
        assert!((1..100).all(|failures| !pause(failures).is_zero()));
        assert!(longest(1) <= Duration::from_secs(1) && longest(1) > Duration::from_millis(800));
        assert!(longest(4) <= Duration::from_secs(8) && longest(4) > Duration::from_secs(6));
        assert!(longest(1000) <= Duration::from_mins(15) && longest(1000) > Duration::from_mins(12));
    }

    #[test]
    fn a_shift_ends_well_before_its_invocation_is_cut() {
        assert_eq!(lasts(600), 115);
        assert_eq!(lasts(100), 85);
        assert_eq!(lasts(10), 5);
    }

    #[test]
    fn a_deadline_that_means_nothing_is_none() {
        for deadline in [0, 1, u64::MAX] {
            assert_eq!(End::after(SHIFT, deadline).left().as_secs(), 114, "{deadline}");
        }
    }

    #[test]
    fn the_time_of_a_clock_that_stood_still_is_not_lost() {
        let frozen = Moment { steady: Instant::now(), wall: SystemTime::now() - Duration::from_mins(1) };
        assert!(frozen.elapsed() >= Duration::from_mins(1));
        let set_back = Moment { steady: Instant::now(), wall: SystemTime::now() + Duration::from_mins(1) };
        assert!(set_back.elapsed() < Duration::from_secs(1));
    }
}
