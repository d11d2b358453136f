//! Cold starts: from the start of a process to its first question for work, and to its first answer.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use bytes::Bytes;
use support::runtime_api::{Function, Launch};

use crate::measure::process::{Memory, memory};
use crate::measure::{Times, ms};
use crate::options::Options;
use crate::progress;
use crate::report::{Bound, Budget, Cell, Part, Table, number, text};
use crate::requests;
use crate::world::World;

const METHOD: &str = "Each process is started anew, in turn with what it is held against: an empty function of the same runtime \
    and profile, and a function that connects, all at once, to what this one's `main` opens. The first answer is counted from \
    the start of the process, secrets, PostgreSQL and Redis included. Memory is that after the first answer; *anonymous* is \
    the part that is no file's. Medians.";

const MIB: f64 = 1024.0 * 1024.0;

/// What one kind of process took.
struct Starts {
    first_poll: Times,
    first_answer: Option<Times>,
    memory: Memory,
    binary: u64,
}

struct Compared {
    function: String,
    own: Starts,
    empty: Starts,
    connects: Option<Starts>,
}

/// Runs the part.
pub async fn run(options: &Options) -> Part {
    let samples = options.scaled(20);
    let mut world = World::make().await;
    requests::fill(&mut world, samples).await;
    let functions = functions();
    let bar = progress::bar("starts", functions.len());
    let mut compared = Vec::new();
    for function in functions {
        bar.set_message(function.clone());
        compared.push(compare(&world, function, samples).await);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Part {
        name: "start",
        title: "Start",
        method: METHOD.to_owned(),
        tables: vec![table(&compared)],
        budgets: budgets(&compared),
    }
}

/// All of them: each has a folder.
fn functions() -> Vec<String> {
    let folders = fs::read_dir("functions").expect("the benchmark runs at the top of the repository");
    let names = folders.filter_map(|folder| folder.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

async fn compare(world: &World, function: String, samples: usize) -> Compared {
    let cases: BTreeMap<_, _> = requests::cases().into_iter().rev().map(|case| (case.function, case)).collect();
    let case = cases.get(function.as_str());
    let events = case.map(|case| case.events(world, 0..samples));
    let needs = needs(&function);
    let connects = events.is_some().then(|| world.launch("examples/connects").environment([("CONNECTS", &needs)]));
    let empty = if case.is_some() { "examples/empty_http" } else { "examples/empty_event" };
    // The relay's and the deployment's functions need more to be started, and nothing of it at a start.
    let launches = [Some(world.launch(&function).environment(others())), Some(Function::launch(empty)), connects];
    let mut starts = [const { Vec::new() }; 3];
    for sample in 0..samples {
        let event = events.as_ref().map(|events| events[sample].clone());
        for (launch, starts) in launches.iter().zip(&mut starts) {
            if let Some(launch) = launch {
                starts.push(start(launch, event.clone()).await);
            }
        }
    }
    let [own, empty, connects] = starts;
    Compared {
        function,
        own: Starts::of(own),
        empty: Starts::of(empty),
        connects: launches[2].is_some().then(|| Starts::of(connects)),
    }
}

struct Sample {
    first_poll: Duration,
    first_answer: Option<Duration>,
    memory: Memory,
    binary: u64,
}

async fn start(launch: &Launch, event: Option<Bytes>) -> Sample {
    let begun = Instant::now();
    let function = launch.clone().start().await;
    let first_answer = match event {
        Some(event) => {
            function.invoke_bytes(event).await.unwrap_or_else(|error| panic!("no answer: {error}\n{}", function.log()));
            Some(begun.elapsed())
        }
        None => None,
    };
    Sample {
        first_poll: function.start_times()[0],
        first_answer,
        memory: memory(function.pids()[0]),
        binary: fs::metadata(function.binary()).map_or(0, |file| file.len()),
    }
}

impl Starts {
    fn of(samples: Vec<Sample>) -> Self {
        let middle = samples.len() / 2;
        let answers: Vec<_> = samples.iter().filter_map(|sample| sample.first_answer).collect();
        let mut memory: Vec<_> = samples.iter().map(|sample| sample.memory).collect();
        memory.sort_by_key(|memory| memory.resident);
        Self {
            first_answer: (!answers.is_empty()).then(|| Times::of(answers)),
            memory: memory[middle],
            binary: samples[middle].binary,
            first_poll: Times::of(samples.into_iter().map(|sample| sample.first_poll).collect()),
        }
    }
}

/// What a function's `main` opens, as the function that connects wants it.
fn needs(function: &str) -> String {
    let main = fs::read_to_string(format!("functions/{function}/src/main.rs")).expect("a function has a main");
    [
        ("Need::PostgreSql", "postgresql"),
        ("Need::Redis", "redis"),
        ("Need::SigningKey", "CROSSWALK_SIGNING_KEY_SECRET"),
        ("Need::VerificationKeys", "CROSSWALK_VERIFICATION_KEYS_SECRET"),
    ]
    .into_iter()
    .filter(|(need, _)| main.contains(need))
    .map(|(_, store)| store)
    .collect::<Vec<_>>()
    .join(",")
}

/// Settings of functions that the tests' application has none for.
fn others() -> Vec<(String, String)> {
    [("CROSSWALK_KAFKA_BROKERS", support::services::kafka_brokers()), ("CROSSWALK_KAFKA_AUTH", "none".to_owned())]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}

#[expect(clippy::cast_precision_loss, reason = "sizes have fewer than 52 bits")]
fn table(compared: &[Compared]) -> Table {
    let mut table = Table::new(
        "Medians",
        &[
            "function",
            "first poll ms",
            "empty ms",
            "ratio",
            "first answer ms",
            "connecting ms",
            "ratio",
            "resident MiB",
            "anonymous MiB",
            "binary MiB",
        ],
    );
    let cell = |value: Option<f64>, digits| value.map_or(Cell::None, |value| number(value, digits));
    for Compared { function, own, empty, connects } in compared {
        let (poll, floor) = (ms(own.first_poll.p50()), ms(empty.first_poll.p50()));
        let answer = own.first_answer();
        let connecting = connects.as_ref().and_then(Starts::first_answer);
        table.row([
            text(function),
            number(poll, 1),
            number(floor, 1),
            number(poll / floor, 2),
            cell(answer, 1),
            cell(connecting, 1),
            cell(answer.zip(connecting).map(|(answer, connecting)| answer / connecting), 2),
            number(own.memory.resident as f64 / MIB, 1),
            number(own.memory.anonymous as f64 / MIB, 1),
            number(own.binary as f64 / MIB, 1),
        ]);
    }
    table
}

impl Starts {
    fn first_answer(&self) -> Option<f64> {
        self.first_answer.as_ref().map(|times| ms(times.p50()))
    }
}

/// Of all functions the worst.
#[expect(clippy::cast_precision_loss, reason = "sizes have fewer than 52 bits")]
fn budgets(compared: &[Compared]) -> Vec<Budget> {
    let worst = |what: &str, most: f64, measure: &dyn Fn(&Compared) -> Option<f64>| {
        let measured = compared.iter().filter_map(|one| Some((measure(one)?, &one.function)));
        let (worst, function) = measured.max_by(|one, other| one.0.total_cmp(&other.0))?;
        Some(Budget::of(format!("{what} ({function})"), worst, Bound::AtMost(most)))
    };
    let poll = |one: &Compared| Some(ms(one.own.first_poll.p50()) / ms(one.empty.first_poll.p50()));
    let answer = |one: &Compared| Some(one.own.first_answer()? / one.connects.as_ref()?.first_answer()?);
    let resident = |one: &Compared| one.own.first_answer.is_some().then(|| one.own.memory.resident as f64 / MIB);
    [
        worst("start: first poll, of an empty function's", 2.0, &poll),
        worst("start: first answer, of a function's that connects", 1.5, &answer),
        worst("start: resident memory of a route, MiB", 15.0, &resident),
    ]
    .into_iter()
    .flatten()
    .collect()
}
