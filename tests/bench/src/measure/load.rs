//! A load on a function: invocations one after the other, or so many at once, and what each cost.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use support::runtime_api::Function;

use super::{Times, process};
use crate::world::World;

/// What a load came to.
#[derive(Debug)]
pub struct Load {
    /// How many invocations there were.
    pub count: usize,
    /// From the invocation to the answer, as the gateway would see it.
    pub times: Times,
    /// From the first invocation to the last answer.
    pub wall: Duration,
    /// CPU time of the function's processes for one invocation.
    pub function: Duration,
    /// The same of PostgreSQL.
    pub postgresql: Duration,
    /// The same of Redis.
    pub redis: Duration,
}

impl Load {
    /// Loads of one kind, taken together.
    ///
    /// # Panics
    ///
    /// When there are none.
    pub fn joined(loads: Vec<Self>) -> Self {
        let count: usize = loads.iter().map(|load| load.count).sum();
        let number = |count: usize| u32::try_from(count).expect("no load is that large");
        let each = |cost: fn(&Self) -> Duration| {
            loads.iter().map(|load| cost(load) * number(load.count)).sum::<Duration>() / number(count)
        };
        Self {
            count,
            wall: loads.iter().map(|load| load.wall).sum(),
            function: each(|load| load.function),
            postgresql: each(|load| load.postgresql),
            redis: each(|load| load.redis),
            times: Times::joined(loads.into_iter().map(|load| load.times)),
        }
    }
}

/// Invokes the function with each of these events, so many at once.
///
/// # Panics
///
/// When an answer is not as it should be.
pub async fn load(
    world: &World,
    function: &Function,
    events: Vec<Bytes>,
    at_once: usize,
    expect: &dyn Fn(&[u8]) -> bool,
) -> Load {
    let count = u32::try_from(events.len()).expect("no load is that large");
    let (pids, backends) = (function.pids(), process::backends(world.test.database.name()));
    let before = (process::cpu(&pids), process::cpu(&backends), world.redis_cpu().await);
    let begun = Instant::now();
    let invoke = |event: Bytes| async {
        let begun = Instant::now();
        let answer = function.invoke_bytes(event).await.unwrap_or_else(|error| panic!("no answer: {error}"));
        let took = begun.elapsed();
        assert!(expect(&answer), "not the answer that was to come: {}", answer.escape_ascii());
        took
    };
    let times = stream::iter(events).map(invoke).buffer_unordered(at_once).collect::<Vec<_>>().await;
    let wall = begun.elapsed();
    let each = |after: Duration, before: Duration| after.saturating_sub(before) / count;
    Load {
        count: times.len(),
        times: Times::of(times),
        wall,
        function: each(process::cpu(&pids), before.0),
        postgresql: each(process::cpu(&backends), before.1),
        redis: each(world.redis_cpu().await, before.2),
    }
}
