//! How long what happens takes to be known: a write to be on its topic, a webhook to be a contact.

mod open_loop;
mod webhooks;
mod writes;

use std::time::{Duration, Instant};

use crate::measure::{Times, ms, rate};
use crate::options::Options;
use crate::progress;
use crate::report::{Bound, Budget, Part, Table, number};

/// Begun a second.
const RATES: [usize; 3] = [10, 100, 500];

/// For so long.
const SECONDS: usize = 10;

/// This share of a rate is the rate.
const REACHED: f64 = 0.95;

/// Begun before anything is timed, at the rate in the middle.
const WARM_UP: usize = 200;

/// What is waited for comes in this time, or never.
const PATIENCE: Duration = Duration::from_mins(1);

/// What template.yaml has or leaves to the functions, where tests have something else.
const DEPLOYED: [(&str, &str); 2] = [("CROSSWALK_SHIFT_SECONDS", "115"), ("CROSSWALK_LEASE_MS", "5000")];

/// Runs the part.
pub async fn run(options: &Options) -> Part {
    let (mut tables, mut budgets) = (Vec::new(), Vec::new());
    let steps = [
        ("Write → topic", "a write is on its topic", 40.0, writes::measure(options).await),
        ("Webhook → contact", "a webhook is a contact", 100.0, webhooks::measure(options).await),
    ];
    for (title, what, most, rounds) in steps {
        tables.push(table(title, &rounds));
        budgets.extend(rounds.iter().map(|round| round.budget(what, most)));
    }
    Part {
        name: "latency",
        title: "Latency from end to end",
        method: format!(
            "Requests begin by the clock, {SECONDS} s long, whatever the answers take. Four instances of create-contact, then two \
             each of receive-webhook and of the consumers; one relay-outbox, which looks every 20 ms; topics of three partitions. \
             Batches, windows, shift and lease are the template's: 500 webhooks or 100 events a batch, no window. A record has \
             arrived when a consumer has it, a contact when another connection sees its row, which it looks for each \
             millisecond or two."
        ),
        tables,
        budgets,
    }
}

/// One thing on its way.
struct Way {
    begun: Instant,
    answered: Instant,
    arrived: Instant,
}

/// All that was begun at one rate.
struct Round {
    asked: usize,
    ways: Vec<Way>,
}

impl Round {
    fn times(&self, time: impl Fn(&Way) -> Duration) -> Times {
        Times::of(self.ways.iter().map(time).collect())
    }

    fn answer(&self) -> Times {
        self.times(|way| way.answered - way.begun)
    }

    /// What was there before the answer took no time.
    fn after_answer(&self) -> Times {
        self.times(|way| way.arrived.saturating_duration_since(way.answered))
    }

    fn after_begin(&self) -> Times {
        self.times(|way| way.arrived.saturating_duration_since(way.begun))
    }

    /// Arrived a second.
    fn reached(&self) -> f64 {
        let arrived = || self.ways.iter().map(|way| way.arrived);
        let (Some(first), Some(last)) = (arrived().min(), arrived().max()) else { return 0.0 };
        rate(self.ways.len() - 1, last - first)
    }

    /// A rate that was not reached meets nothing: what waits before its answer is not seen after it.
    fn budget(&self, what: &str, most: f64) -> Budget {
        let (asked, reached, median) = (self.asked, self.reached(), ms(self.after_answer().p50()));
        let what = format!("{what}, ms after its answer, p50, at {asked} a second");
        if reached >= per_second(asked) * REACHED {
            return Budget::of(what, median, Bound::AtMost(most));
        }
        let what = format!("{what} (only {reached:.0} reached)");
        Budget { met: false, ..Budget::of(what, median, Bound::AtMost(most)) }
    }
}

#[expect(clippy::cast_precision_loss, reason = "no rate here comes near 2^52")]
fn per_second(asked: usize) -> f64 {
    asked as f64
}

fn table(title: &str, rounds: &[Round]) -> Table {
    let columns = [
        "asked for a second",
        "reached",
        "request → answer p50 ms",
        "p99",
        "answer → there p50 ms",
        "p99",
        "request → there p50 ms",
        "p99",
    ];
    let mut table = Table::new(title, &columns);
    for round in rounds {
        let rates = [number(per_second(round.asked), 0), number(round.reached(), 0)];
        let times = [round.answer(), round.after_answer(), round.after_begin()];
        let times = times.iter().flat_map(|times| [times.p50(), times.p99()]).map(|time| number(ms(time), 1));
        table.row(rates.into_iter().chain(times));
    }
    table
}

/// Runs something at each rate, after a warm-up.
async fn rounds(title: &str, options: &Options, mut at: impl AsyncFnMut(usize, usize) -> Round) -> Vec<Round> {
    let bar = progress::bar(title, RATES.len() + 1);
    at(options.scaled(WARM_UP), 100).await;
    bar.inc(1);
    let mut rounds = Vec::new();
    for rate in RATES {
        rounds.push(at(options.scaled(rate * SECONDS), rate).await);
        bar.inc(1);
    }
    bar.finish_and_clear();
    rounds
}
