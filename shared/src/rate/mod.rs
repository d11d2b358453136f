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
    /// How many more would be let through now.
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

    /// The time in which as many come at the quota's pace.
    pub fn window(self) -> Duration {
        Duration::from_micros(self.interval_us * u64::from(self.burst))
    }

    /// Adds the question to a pipeline: one answer, to be read by [`Limit::decision`].
    pub fn ask(self, call: Call, pipeline: &mut Pipeline, key: &str) {
        self.add(call, pipeline, key, true);
    }

    /// The same, without counting a request: whether the next one would be let through.
    pub fn check(self, call: Call, pipeline: &mut Pipeline, key: &str) {
        self.add(call, pipeline, key, false);
    }

    fn add(self, call: Call, pipeline: &mut Pipeline, key: &str, counts: bool) {
        let mut command = GCRA.on(call, key);
        command.arg(self.interval_us).arg(self.burst).arg(u8::from(counts));
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
