//! Chance, for faults and waits.

use std::time::Duration;

use aws_lc_rs::rand;

/// A number from 0 to 1, without 1.
pub(crate) fn fraction() -> f64 {
    let mut bytes = [0; 4];
    // It fails only when the machine has no randomness at all; then nothing is left to chance.
    let _ = rand::fill(&mut bytes);
    f64::from(u32::from_ne_bytes(bytes)) / 4_294_967_296.0
}

/// Whether something happens that happens at this rate, from 0 (never) to 1 (always).
pub(crate) fn happens(rate: f64) -> bool {
    fraction() < rate
}

/// A length of time up to this one.
pub(crate) fn up_to(longest: Duration) -> Duration {
    longest.mul_f64(fraction())
}
