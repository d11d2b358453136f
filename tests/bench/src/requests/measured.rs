//! One kind of request, measured.

use std::time::Duration;

use support::runtime_api::Function;

use super::case::{Ask, Case};
use crate::measure::{Load, Times, load, ms};
use crate::options::Options;
use crate::tape::{Player, Trip};
use crate::world::{Taped, World};

/// Invocations of each instance that don't count: connections are made, statements prepared, memory is grown.
const WARM: usize = 20;
const INSTANCES: usize = 8;

/// How often a request is made.
pub struct Counts {
    /// By one instance, and again by several.
    each: usize,
    /// On the tape.
    taped: usize,
}

/// What the requests are held against.
pub struct Floor {
    /// A function that does nothing: one instance, and several.
    pub empty: [Load; 2],
    /// A client that asks the stores for the same.
    pub player: Player,
}

/// What a kind of request takes and costs.
pub struct Measured {
    /// The function, and what sets the request apart.
    pub name: String,
    /// The function.
    pub function: &'static str,
    /// By one instance.
    pub alone: Load,
    /// By several.
    pub at_once: Load,
    /// The median of the floor.
    pub floor: Duration,
    /// CPU time above that of a function that does nothing, in milliseconds.
    pub above_empty: f64,
    /// Round trips to Redis and to PostgreSQL, of most requests.
    pub trips: [f64; 2],
}

impl Counts {
    /// As many as the options want.
    pub fn of(options: &Options) -> Self {
        Self { each: options.scaled(1_000), taped: options.scaled(400) }
    }

    /// All of them.
    pub fn all(&self) -> usize {
        2 * self.each + self.taped + (2 + INSTANCES) * WARM
    }
}

impl Floor {
    /// Measures the function that does nothing.
    pub async fn empty(world: &World, counts: &Counts) -> [Load; 2] {
        let nothing = Case::new("empty", "", ("GET /contacts/{id}", 200), |world, number| {
            Ask::new(world, format!("/contacts/{number}"))
        });
        let mut loads = Vec::new();
        for instances in [1, INSTANCES] {
            let function = Function::launch("examples/empty_http").instances(instances).start().await;
            let answers = |answer: &[u8]| nothing.answers(answer);
            load(world, &function, nothing.events(world, 0..WARM * instances), instances, &answers).await;
            loads.push(load(world, &function, nothing.events(world, 0..counts.each), instances, &answers).await);
        }
        loads.try_into().unwrap_or_else(|_| unreachable!("two were measured"))
    }
}

impl Measured {
    /// Measures one.
    pub async fn of(world: &World, taped: &Taped, floor: &mut Floor, case: &Case, counts: &Counts) -> Self {
        let (each, count) = ((counts.each / case.weight).max(5), (counts.taped / case.weight).max(5));
        let mut next = 0;
        let mut numbers = |count: usize| {
            next += count;
            next - count..next
        };
        let answers = |answer: &[u8]| case.answers(answer);
        let mut loads = Vec::new();
        for instances in [1, INSTANCES] {
            let function = world.launch(case.function).instances(instances).start().await;
            let warm = (WARM / case.weight).max(2) * instances;
            load(world, &function, case.events(world, numbers(warm)), instances, &answers).await;
            loads.push(load(world, &function, case.events(world, numbers(each)), instances, &answers).await);
        }
        let [alone, at_once] = loads.try_into().unwrap_or_else(|_| unreachable!("two were measured"));

        let played = taped.record(case.function, case.events(world, numbers(WARM + count)), WARM, &answers).await;
        // The first ones warm the client's connections up.
        let mut times = floor.player.times(&played).await;
        let bare = Times::of(times.split_off(times.len().min(WARM) / 2)).p50();
        Self {
            name: case.name(),
            function: case.function,
            floor: floor.empty[0].times.p50() + bare,
            above_empty: ms(alone.function) - ms(floor.empty[0].function),
            alone,
            at_once,
            trips: trips(&played),
        }
    }

    /// The median latency, as a multiple of the floor's.
    pub fn ratio(&self) -> f64 {
        ms(self.alone.times.p50()) / ms(self.floor)
    }
}

/// The median of the trips to Redis and to PostgreSQL.
#[expect(clippy::cast_precision_loss, reason = "they are few")]
fn trips(tapes: &[Vec<Trip>]) -> [f64; 2] {
    let median = |count: &dyn Fn(&Trip) -> bool| {
        let mut counts: Vec<usize> = tapes.iter().map(|tape| tape.iter().filter(|trip| count(trip)).count()).collect();
        counts.sort_unstable();
        counts.get(counts.len() / 2).copied().unwrap_or_default() as f64
    };
    [median(&|trip| !trip.redis.is_empty()), median(&|trip| !trip.sql.is_empty())]
}
