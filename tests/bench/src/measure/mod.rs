//! Measuring: times and their quantiles, what processes cost, and a load on a function.

mod load;
pub mod process;

use std::time::Duration;

pub use load::{Load, load};

/// Times of the same thing, done again and again.
#[derive(Debug, Clone)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Of these.
    ///
    /// # Panics
    ///
    /// When there are none.
    pub fn of(mut times: Vec<Duration>) -> Self {
        assert!(!times.is_empty(), "nothing was timed");
        times.sort_unstable();
        Self(times)
    }

    /// All of these.
    pub fn joined(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::of(parts.into_iter().flat_map(|part| part.0).collect())
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The median.
    pub fn p50(&self) -> Duration {
        self.percentile(50)
    }

    /// The time that one in a hundred exceeds.
    pub fn p99(&self) -> Duration {
        self.percentile(99)
    }

    /// The mean.
    pub fn mean(&self) -> Duration {
        self.0.iter().sum::<Duration>() / u32::try_from(self.0.len()).expect("nothing is timed that often")
    }

    fn percentile(&self, percent: usize) -> Duration {
        self.0[(self.0.len() - 1) * percent / 100]
    }
}

/// In milliseconds, as the tables have it.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// So many in this time, per second.
#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^52")]
pub fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
