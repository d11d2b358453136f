//! One kind of request, measured.

use std::ops::Range;
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

/// A function and the one that does nothing are asked in turn, so many times a part of all: the machine's moods are the same
/// for both.
const TURNS: usize = 5;

/// How often a request is made.
pub struct Counts {
    /// By one instance, and again by several.
    each: usize,
    /// On the tape.
    taped: usize,
}

/// What the requests are held against.
pub struct Floor {
    /// A function that does nothing, one instance of it.
    empty: Function,
    /// What several come to.
    pub at_once: Load,
    /// A client that asks the stores for the same.
    player: Player,
}

/// What a kind of request takes and costs.
pub struct Measured {
    /// The function, and what sets the request apart.
    pub name: String,
    /// The function.
    pub function: &'static str,
    /// By one instance.
    pub alone: Load,
    /// By one that does nothing, in turn with it.
    empty: Load,
    /// By several.
    pub at_once: Load,
    /// The median of the floor.
    pub floor: Duration,
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
    /// Starts the function that does nothing, and measures what several instances of it come to.
    pub async fn start(world: &World, counts: &Counts, player: Player) -> Self {
        let several = Function::launch("examples/empty_http").instances(INSTANCES).start().await;
        ask(world, &several, &nothing(), 0..WARM * INSTANCES, INSTANCES).await;
        let at_once = ask(world, &several, &nothing(), 0..counts.each, INSTANCES).await;
        let empty = Function::launch("examples/empty_http").start().await;
        ask(world, &empty, &nothing(), 0..WARM, 1).await;
        Self { empty, at_once, player }
    }
}

fn nothing() -> Case {
    Case::new("empty", "", ("GET /contacts/{id}", 200), |world, number| Ask::new(world, format!("/contacts/{number}")))
}

/// Asks a function for all of these, so many at once.
async fn ask(world: &World, function: &Function, case: &Case, numbers: Range<usize>, at_once: usize) -> Load {
    load(world, function, case.events(world, numbers), at_once, &|answer| case.answers(answer)).await
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
        let warm = (WARM / case.weight).max(2);
        let function = world.launch(case.function).start().await;
        ask(world, &function, case, numbers(warm), 1).await;
        let (mut alone, mut empty) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            alone.push(ask(world, &function, case, numbers(each / TURNS), 1).await);
            empty.push(ask(world, &floor.empty, &nothing(), 0..counts.each / TURNS, 1).await);
        }
        let (alone, empty) = (Load::joined(alone), Load::joined(empty));
        drop(function);

        let function = world.launch(case.function).instances(INSTANCES).start().await;
        ask(world, &function, case, numbers(warm * INSTANCES), INSTANCES).await;
        let at_once = ask(world, &function, case, numbers(each), INSTANCES).await;
        drop(function);

        let answers = |answer: &[u8]| case.answers(answer);
        let played = taped.record(case.function, case.events(world, numbers(WARM + count)), WARM, &answers).await;
        // The first ones warm the client's connections up.
        let mut times = floor.player.times(&played).await;
        let bare = Times::of(times.split_off(times.len().min(WARM) / 2)).p50();
        Self {
            name: case.name(),
            function: case.function,
            floor: empty.times.p50() + bare,
            alone,
            empty,
            at_once,
            trips: trips(&played),
        }
    }

    /// CPU time above that of a function that does nothing, in milliseconds.
    pub fn above_empty(&self) -> f64 {
        ms(self.alone.function) - ms(self.empty.function)
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
