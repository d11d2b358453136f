//! A partition with records in it, and a function that takes its turns in order, the last one for ever.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use bytes::Bytes;
use serde_json::Value;
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, timeout},
};

use crate::{
    invoke::{Invoke, InvokeError},
    mapping::{
        Mapping,
        backlog::backlog,
        event::{Partition, Source},
        partition::{Setup, Standing, Worker},
        record::Record,
    },
    origin::Origin,
    template::{Function, Kafka},
};

/// How an invocation ends.
#[derive(Clone, Copy)]
pub(super) enum Turn {
    Succeeds,
    Fails,
    IsAway,
    /// The record with this offset failed.
    FailsFrom(i64),
    /// Fails whenever this record is among them.
    ChokesOn(i64),
}

/// What happened, with the offsets it happened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Invoked(Vec<i64>),
    /// Everything below is done.
    Done(i64),
}

type Steps = Arc<Mutex<Vec<(Step, Instant)>>>;

#[derive(Clone)]
struct Work {
    turns: Arc<[Turn]>,
    steps: Steps,
}

fn lock(steps: &Steps) -> MutexGuard<'_, Vec<(Step, Instant)>> {
    steps.lock().expect("no test panics in between")
}

impl Invoke for Work {
    async fn invoke(&self, _: &Function, event: &Value) -> Result<Bytes, InvokeError> {
        let records = event["records"]["topic-0"].as_array().expect("the records");
        let offsets: Vec<i64> = records.iter().filter_map(|record| record["offset"].as_i64()).collect();
        let turn = {
            let mut steps = lock(&self.steps);
            let index = steps.iter().filter(|(step, _)| matches!(step, Step::Invoked(_))).count();
            steps.push((Step::Invoked(offsets.clone()), Instant::now()));
            self.turns[index.min(self.turns.len() - 1)]
        };
        let failed = || Err(InvokeError::Failed("500".into()));
        match turn {
            Turn::Succeeds => Ok(Bytes::from_static(b"null")),
            Turn::Fails => failed(),
            Turn::IsAway => Err(InvokeError::Unreachable("connection refused".into())),
            Turn::ChokesOn(offset) if offsets.contains(&offset) => failed(),
            Turn::ChokesOn(_) => Ok(Bytes::new()),
            Turn::FailsFrom(offset) => Ok(Bytes::from(format!(
                r#"{{"batchItemFailures":[{{"itemIdentifier":{{"partition":"topic-0","offset":{offset}}}}}]}}"#
            ))),
        }
    }
}

/// A mapping of `topic` as a test may change it.
pub(super) fn kafka() -> Kafka {
    Kafka { window: Duration::from_millis(500), ..Kafka::of("group", ["topic"]) }
}

/// What happens to these records within a day, unless they are done with before.
pub(super) async fn steps(kafka: Kafka, turns: &[Turn], records: Vec<Record>) -> Vec<Step> {
    timed(kafka, turns, records).await.into_iter().map(|(step, _)| step).collect()
}

/// As [`steps`], each with its time.
pub(super) async fn timed(kafka: Kafka, turns: &[Turn], records: Vec<Record>) -> Vec<(Step, Instant)> {
    let steps = Steps::default();
    let last = records.last().expect("there are records").offset + 1;
    let (inlet, outlet) = backlog(kafka.batch_size, Arc::default());
    for record in records {
        inlet.push(record);
    }
    let (standing, receiver) = watch::channel(Standing::Working);
    let origin = Origin { account: "000000000000".into(), region: "eu-west-1".into() };
    let setup = Setup {
        source: Source::new(&kafka.cluster, "x:9092", &origin),
        function_arn: "arn".into(),
        mapping: Mapping { function: Function::named("work"), kafka },
        invoker: Work { turns: turns.into(), steps: Arc::clone(&steps) },
        places: Arc::new(Semaphore::new(1)),
        destination: None,
    };
    let told = Arc::clone(&steps);
    let worker = Worker {
        setup: Arc::new(setup),
        partition: Partition { topic: "topic".into(), number: 0 },
        standing: receiver,
        progress: Box::new(move |next| {
            lock(&told).push((Step::Done(next), Instant::now()));
            if next == last {
                standing.send_replace(Standing::Ending);
            }
        }),
    };
    let _ = timeout(Duration::from_hours(24), worker.run(outlet)).await;
    lock(&steps).clone()
}
