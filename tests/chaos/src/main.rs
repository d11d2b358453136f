//! Kills, cuts and resets everything under load, in an order that a seed decides, and counts after each round: what was
//! accepted is there, once and in order, and both sides are the same.
//!
//! `localstack/local.sh chaos` starts it, with services of its own to be killed.

#![expect(clippy::print_stdout, reason = "what it does to whom, and what came of it, is what it has to say")]

mod broken;
mod faults;
mod ledger;
mod load;
mod operations;
mod ours;
mod round;
mod services;
mod theirs;
mod verdict;
mod world;

use std::io;
use std::process;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};

use self::round::Rounds;
use self::world::World;

/// Kills, cuts and resets everything under load, and counts afterwards what was accepted.
///
/// The last line says how many rounds passed and how many failed; the first that fails is the last. The exit status is 0
/// when none failed.
#[derive(Parser)]
struct CommandLine {
    /// How many rounds.
    #[arg(long, env = "ROUNDS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// What decides who is hit, when and how: one that was printed, to have the same once more.
    #[arg(long, env = "SEED")]
    seed: Option<u32>,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let CommandLine { rounds, seed } = CommandLine::parse();
    let seed = seed.unwrap_or_else(|| fastrand::u32(..));
    println!("    SEED={seed}");
    broken::watch();
    let mut asked = [signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?];
    let [terminate, interrupt] = &mut asked;
    let status = tokio::select! {
        status = run(rounds, seed) => status,
        _ = terminate.recv() => 143,
        _ = interrupt.recv() => 130,
    };
    process::exit(status)
}

/// All rounds, up to the first that fails. Functions that were started end with this, however it ends.
async fn run(rounds: u32, seed: u32) -> i32 {
    let Some(world) = broken::told("the start", Box::pin(World::start())).await else { return failed(0, seed) };
    // What is in the services is not cleared up, for they may be away by then.
    let world: &'static World = Box::leak(Box::new(world));
    let _ending = world.ending();
    let mut played = Rounds::from(seed, world);
    for passed in 0..rounds {
        if broken::told(&format!("round {}", passed + 1), Box::pin(played.next())).await.is_none() {
            return failed(passed, seed);
        }
    }
    println!("\n{rounds} rounds passed, 0 failed");
    0
}

fn failed(passed: u32, seed: u32) -> i32 {
    println!("    the same once more: SEED={seed} make chaos");
    println!("\n{passed} rounds passed, 1 failed");
    1
}
