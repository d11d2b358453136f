//! Webhooks are worked: many in one transaction, several of one contact in the order in which they came.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use futures::FutureExt;
use uuid::Uuid;

use crate::app::App;
use crate::db::webhooks::{Finished, State, Waiting, waiting};
use crate::db::{self, Transaction, data_fault, give_way, is_deadlock};
use crate::error::{Error, Result};
use crate::sync::{Arrival, ChangedContacts, Outcome, decide_all};
use crate::telemetry::{self, Measure, TraceParent};

/// How many bytes of bodies are worked at once.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// How often webhooks are read anew because somebody else has finished one of them.
const MAX_ATTEMPTS: usize = 5;

/// What was done.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Worked {
    pub processed: usize,
    pub unchanged: usize,
    pub dead: usize,
}

/// Webhooks that may have to be worked, by our names of them, each with the trace in which that is done.
pub type Woken = BTreeMap<Uuid, Option<TraceParent>>;

/// A webhook and what it says, or why it can't be worked.
struct Reading<'a> {
    id: i64,
    says: Result<Vec<Arrival<'a>>>,
}

/// Works those of these webhooks that wait. The others are done with, and nothing is done for them again.
pub async fn work(app: &App, woken: &Woken) -> Result<Worked> {
    let ce_ids: Vec<_> = woken.keys().copied().collect();
    let mut database = app.database.get().await?;
    let (mut worked, mut changed) = (Worked::default(), ChangedContacts::default());
    let mut in_vain = 0;
    loop {
        let batch = waiting(&database, &ce_ids, MAX_BYTES).await?;
        if batch.is_empty() {
            break;
        }
        let readings: Vec<_> = batch.iter().map(|webhook| read(app, webhook, woken)).collect();
        match once(app, &mut database, &readings).await? {
            Some((finished, contacts)) => {
                let of_batch = Worked::of(&finished);
                // Whatever becomes of the next batch.
                telemetry::count(Measure::DeadLetters, of_batch.dead as u64);
                worked.add(of_batch);
                changed.extend(contacts);
                // There was room for more, so there is no more.
                if batch.iter().map(|webhook| webhook.body.len()).sum::<usize>() < MAX_BYTES {
                    break;
                }
            }
            None if in_vain < MAX_ATTEMPTS => in_vain += 1,
            None => return Err(Error::unavailable("PostgreSQL", "webhooks were finished by somebody else each time")),
        }
    }
    drop(database);
    changed.outdate(app).await;
    Ok(worked)
}

fn read<'a>(app: &App, webhook: &'a Waiting, woken: &Woken) -> Reading<'a> {
    let Waiting { id, ce_id, tenant, connection, body, traceparent } = webhook;
    let trace = woken.get(ce_id).cloned().flatten().or_else(|| traceparent.clone());
    let says = crate::mapping::crm(&connection.crm)
        .ok_or_else(|| Error::internal("read a connection", "its CRM is not known"))
        .and_then(|crm| crm.changes(body, &app.rules))
        .and_then(|changes| {
            let arrival = |change| Arrival::of(tenant, connection, change, &app.rules);
            changes.into_iter().map(|change| Ok(arrival(change)?.within(trace.clone()))).collect()
        });
    Reading { id: *id, says }
}

type Done = (Vec<Finished>, ChangedContacts);

/// Works a batch. `None`: somebody else has finished one of them meanwhile, and nothing was done.
async fn once(app: &App, database: &mut db::Connection, batch: &[Reading<'_>]) -> Result<Option<Done>> {
    let outcome = match at_once(app, database, batch).boxed().await {
        Err(error) if is_deadlock(&error) => {
            give_way().await;
            at_once(app, database, batch).boxed().await
        }
        outcome => outcome,
    };
    match outcome {
        Err(error) if data_fault(&error).is_some() => apart(app, database, batch).boxed().await,
        outcome => outcome,
    }
}

/// Works a batch in one transaction of six round trips.
async fn at_once(app: &App, database: &mut db::Connection, batch: &[Reading<'_>]) -> Result<Option<Done>> {
    let transaction = db::begin(database).await?;
    let done = work_part(app, &transaction, batch).await?;
    if done.is_some() {
        db::commit(transaction).await?;
    }
    Ok(done)
}

/// Finds the webhooks whose data PostgreSQL refuses, by halves, and parks them; the others are worked. All that any of them
/// is about is locked first, in the one order that everybody keeps.
async fn apart(app: &App, database: &mut db::Connection, batch: &[Reading<'_>]) -> Result<Option<Done>> {
    let mut transaction = db::begin(database).await?;
    decide_all(app, &transaction, &arrivals(batch)).await?;
    let (mut finished, mut changed) = (Vec::new(), ChangedContacts::default());
    let mut parts: VecDeque<Range<usize>> = VecDeque::new();
    parts.push_back(0..batch.len());
    while let Some(part) = parts.pop_front() {
        let savepoint = db::savepoint(&mut transaction).await?;
        match work_part(app, &savepoint, &batch[part.clone()]).await {
            Ok(Some((done, contacts))) => {
                db::commit(savepoint).await?;
                finished.extend(done);
                changed.extend(contacts);
            }
            Ok(None) => return Ok(None),
            Err(error) => {
                let Some(fault) = data_fault(&error) else { return Err(error) };
                db::roll_back(savepoint).await?;
                match part.len() {
                    1 => finished.push(park(&transaction, batch[part.start].id, fault).await?),
                    length => {
                        let middle = part.start + length / 2;
                        parts.push_front(middle..part.end);
                        parts.push_front(part.start..middle);
                    }
                }
            }
        }
    }
    db::commit(transaction).await?;
    Ok(Some((finished, changed)))
}

async fn work_part(app: &App, transaction: &Transaction<'_>, part: &[Reading<'_>]) -> Result<Option<Done>> {
    let (outcomes, pending) = decide_all(app, transaction, &arrivals(part)).await?;
    let mut outcomes = outcomes.into_iter();
    let finished: Vec<_> = part
        .iter()
        .map(|Reading { id, says }| match says {
            Ok(arrivals) => finish(*id, outcomes.by_ref().take(arrivals.len())),
            Err(error) => dead(*id, error.reason()),
        })
        .collect();
    let written = db::contacts::write(transaction, &pending.tenants(), &finished, None).await?;
    Ok(written.then(|| (finished, pending.changed())))
}

fn arrivals<'a, 'b>(part: &'b [Reading<'a>]) -> Vec<&'b Arrival<'a>> {
    part.iter().filter_map(|reading| reading.says.as_ref().ok()).flatten().collect()
}

/// What a webhook comes to: dead if one thing that it says can't be worked, processed if any changes something.
fn finish(id: i64, outcomes: impl Iterator<Item = Result<Outcome>>) -> Finished {
    let outcomes: Vec<_> = outcomes.collect();
    if let Some(error) = outcomes.iter().find_map(|outcome| outcome.as_ref().err()) {
        return dead(id, error.reason());
    }
    let changed = outcomes.iter().any(|outcome| matches!(outcome, Ok(Outcome::Changed(..))));
    let state = if changed { State::Processed } else { State::Unchanged };
    Finished { id, state, failure: None }
}

fn dead(id: i64, failure: String) -> Finished {
    tracing::warn!(webhook = id, "a webhook can't be worked; it is parked");
    Finished { id, state: State::Dead, failure: Some(failure) }
}

async fn park(transaction: &Transaction<'_>, id: i64, fault: String) -> Result<Finished> {
    let finished = dead(id, fault);
    db::contacts::write(transaction, &[], std::slice::from_ref(&finished), None).await?;
    Ok(finished)
}

impl Worked {
    fn of(finished: &[Finished]) -> Self {
        let count = |state| finished.iter().filter(|it| it.state == state).count();
        Self { processed: count(State::Processed), unchanged: count(State::Unchanged), dead: count(State::Dead) }
    }

    fn add(&mut self, other: Self) {
        self.processed += other.processed;
        self.unchanged += other.unchanged;
        self.dead += other.dead;
    }
}
