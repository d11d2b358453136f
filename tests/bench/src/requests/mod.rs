//! Each route, warm: what a request takes and costs, beside a function that does nothing and a client that asks the stores
//! for the same.

mod access;
pub mod case;
mod contacts;
mod cost;
mod measured;
mod sync;

use crate::measure::{Load, ms, rate};
use crate::options::Options;
use crate::progress;
use crate::report::{Bound, Budget, Part, Table, number, text};
use crate::tape::Player;
use crate::world::World;
use case::Case;
use measured::{Counts, Floor, Measured};

const METHOD: &str = "One process of a function, asked again and again by its Runtime API, each time for another contact; \
    then eight processes that are kept busy. *Floor* is the latency of a function that does nothing, asked in turn with it, added \
    to that of a bare client that sends the stores the same commands, recorded at the wire, over one connection each. *CPU* is the function's \
    own, *above empty* without what the function that does nothing needs. Round trips are waits for the store's answer.";

/// Runs the part.
pub async fn run(options: &Options) -> Part {
    let counts = Counts::of(options);
    let mut world = World::make().await;
    fill(&mut world, counts.all()).await;
    let taped = world.tape().await;
    let player = Player::connect(&world.test.database).await;
    let mut floor = Floor::start(&world, &counts, player).await;

    let mut cases = cases();
    if let Some(only) = &options.only {
        cases.retain(|case| case.name().contains(only));
    }
    let bar = progress::bar("requests", cases.len());
    let mut measured = Vec::new();
    for case in &cases {
        bar.set_message(case.name());
        measured.push(Measured::of(&world, &taped, &mut floor, case, &counts).await);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Part {
        name: "requests",
        title: "Requests, warm",
        method: METHOD.to_owned(),
        tables: vec![alone(&measured), at_once(&floor.at_once, &measured), cost::table(&measured)],
        budgets: budgets(&measured),
    }
}

/// All kinds of requests.
pub fn cases() -> Vec<Case> {
    contacts::cases().into_iter().chain(sync::cases()).chain(access::cases()).collect()
}

/// Makes what so many requests of each kind are about.
pub async fn fill(world: &mut World, count: usize) {
    contacts::fill(world, count).await;
    sync::fill(world, count).await;
    world.issue_spare_tokens(count).await;
    world.execute("analyze").await;
}

fn alone(measured: &[Measured]) -> Table {
    let mut table = Table::new(
        "One instance",
        &[
            "request",
            "p50 ms",
            "floor p50 ms",
            "ratio",
            "p99 ms",
            "CPU ms",
            "above empty ms",
            "PostgreSQL CPU ms",
            "Redis CPU ms",
            "trips to Redis",
            "to PostgreSQL",
        ],
    );
    for one in measured {
        let load = &one.alone;
        table.row([
            text(&one.name),
            number(ms(load.times.p50()), 2),
            number(ms(one.floor), 2),
            number(one.ratio(), 2),
            number(ms(load.times.p99()), 2),
            number(ms(load.function), 3),
            number(one.above_empty(), 3),
            number(ms(load.postgresql), 3),
            number(ms(load.redis), 3),
            number(one.trips[0], 0),
            number(one.trips[1], 0),
        ]);
    }
    table
}

fn at_once(empty: &Load, measured: &[Measured]) -> Table {
    let mut table = Table::new(
        "Eight instances on two cores",
        &["request", "requests/s", "p50 ms", "p99 ms", "CPU ms", "PostgreSQL CPU ms", "Redis CPU ms"],
    );
    let all = std::iter::once(("a function that does nothing", empty));
    for (name, load) in all.chain(measured.iter().map(|one| (one.name.as_str(), &one.at_once))) {
        table.row([
            text(name),
            number(rate(load.count, load.wall), 0),
            number(ms(load.times.p50()), 2),
            number(ms(load.times.p99()), 2),
            number(ms(load.function), 3),
            number(ms(load.postgresql), 3),
            number(ms(load.redis), 3),
        ]);
    }
    table
}

fn budgets(measured: &[Measured]) -> Vec<Budget> {
    let mut budgets = Vec::new();
    let at_most = [
        ("get-contact, cached", 1.3),
        ("get-contact, not cached", 1.5),
        ("create-contact", 1.5),
        ("update-contact", 1.5),
    ];
    for (name, most) in at_most {
        for one in measured.iter().filter(|one| one.name == name) {
            budgets.push(Budget::of(format!("{name}: latency, of the floor's"), one.ratio(), Bound::AtMost(most)));
            if name == "get-contact, cached" {
                let what = format!("{name}: CPU above an empty function, ms");
                budgets.push(Budget::of(what, one.above_empty(), Bound::AtMost(0.10)));
            }
        }
    }
    budgets
}
