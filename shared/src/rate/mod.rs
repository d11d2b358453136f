//! Rate limits: the generic cell rate algorithm, run in Redis so that all instances share one count. While Redis gives
//! no answer each instance counts by itself.

mod instance;

use std::sync::LazyLock;
use std::time::Duration;

use redis::Pipeline;

use crate::cache::{Away, Call, Redis, Script};
use crate::config::{Quota, TokenQuota};

pub use instance::InstanceCounts;

static GCRA: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/gcra.lua")));
static RESERVE: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/reserve.lua")));

/// Reserves so many slots of this length, behind those that are reserved already. Answers how long it is until the first.
pub async fn reserve(redis: &Redis, key: &str, each: Duration, count: u32) -> Result<Duration, Away> {
    let length = u64::try_from((each * count).as_micros()).unwrap_or(u64::MAX);
    let build = |call| {
        let mut command = RESERVE.on(call, key);
        command.arg(length);
        let mut pipeline = Pipeline::with_capacity(1);
        pipeline.add_command(command);
        pipeline
    };
    let (wait,): (u64,) = redis.ask(build).await?;
    Ok(Duration::from_micros(wait))
}

/// What one request takes from its quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cost {
    /// Charged before the work, which is refused if the quota does not allow it. A cost above the burst takes the whole
    /// burst, so that a large request is possible once the bucket is full.
    Before(u32),
    /// Charged after work whose cost was not known before: never refused, and never capped at the burst.
    After(u32),
    /// Nothing is charged: only asks whether an ordinary request would be allowed.
    Check,
}

impl Cost {
    /// The cost of an ordinary request.
    pub const REQUEST: Self = Self::Before(1);
}

/// A limit as the algorithm wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    interval_us: u64,
    burst: u32,
}

/// What the count says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// The limit that was asked.
    pub limit: Limit,
    /// How many more requests of cost 1 are allowed now.
    pub remaining: u32,
    /// When all of the burst is there again.
    pub reset: Duration,
    /// When the next one is let through, if this one is not.
    pub retry_after: Option<Duration>,
}

impl Limit {
    /// How many may come at once.
    pub fn burst(self) -> u32 {
        self.burst
    }

    /// The time between two requests at the quota's rate.
    pub fn interval(self) -> Duration {
        Duration::from_micros(self.interval_us)
    }

    /// The time in which as many come at the quota's pace.
    pub fn window(self) -> Duration {
        Duration::from_micros(self.interval_us * u64::from(self.burst))
    }

    /// Adds the charge of an ordinary request to a pipeline, as [`Limit::charge`] does.
    pub fn ask(self, call: Call, pipeline: &mut Pipeline, key: &str) {
        self.charge(call, pipeline, key, Cost::REQUEST);
    }

    /// Adds a charge to a pipeline: one answer, to be read by [`Limit::decision`].
    pub fn charge(self, call: Call, pipeline: &mut Pipeline, key: &str, cost: Cost) {
        let mut command = GCRA.on(call, key);
        let (units, when) = match cost {
            Cost::Before(units) => (units, "before"),
            Cost::After(units) => (units, "after"),
            Cost::Check => (1, "check"),
        };
        command.arg(self.interval_us).arg(self.burst).arg(units).arg(when);
        pipeline.add_command(command);
    }

    /// Reads the answer.
    pub fn decision(self, (allowed, remaining, reset, retry): (bool, u32, u64, u64)) -> Decision {
        Decision {
            limit: self,
            remaining,
            reset: Duration::from_micros(reset),
            retry_after: (!allowed).then(|| Duration::from_micros(retry)),
        }
    }
}

impl From<Quota> for Limit {
    fn from(quota: Quota) -> Self {
        Self { interval_us: (1_000_000 / u64::from(quota.per_second)).max(1), burst: quota.burst }
    }
}

impl From<TokenQuota> for Limit {
    fn from(quota: TokenQuota) -> Self {
        Self { interval_us: (60_000_000 / u64::from(quota.per_minute)).max(1), burst: quota.per_minute }
    }
}
