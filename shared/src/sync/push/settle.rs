//! Storing what came of it: one transaction, after all CRMs were asked. A record that a CRM showed is news like any other.

use super::execute::Reply;
use super::settling::Settling;
use super::stage::stage;
use super::{Done, Pushed, Task};
use crate::app::App;
use crate::contact::now;
use crate::db::links::{Link, LinkState};
use crate::db::{self, data_fault, give_way, is_deadlock};
use crate::error::{Error, Result};
use crate::mapping::{Change, News, Record};
use crate::remote::Failure;
use crate::sync::apply::{ChangedContacts, Pending};
use crate::sync::arrival::{Arrival, Source};
use crate::telemetry::{self, Measure};

/// Stores it.
pub(super) async fn settle(app: &App, done: Vec<Done>) -> Result<Pushed> {
    let mut database = app.database.get().await?;
    let (pushed, changed) = match persistently(app, &mut database, &done).await {
        // One of them can't be kept. Alone, each shows whether it is the one.
        Err(error) if data_fault(&error).is_some() => one_by_one(app, &mut database, done).await?,
        outcome => outcome?,
    };
    drop(database);
    changed.outdate(app).await;
    Ok(pushed)
}

type Settled = (Pushed, ChangedContacts);

async fn persistently(app: &App, database: &mut db::Connection, done: &[Done]) -> Result<Settled> {
    match attempt(app, database, done).await {
        Err(error) if is_deadlock(&error) => {
            give_way().await;
            attempt(app, database, done).await
        }
        outcome => outcome,
    }
}

async fn one_by_one(app: &App, database: &mut db::Connection, done: Vec<Done>) -> Result<Settled> {
    let (mut pushed, mut changed) = (Pushed::default(), ChangedContacts::default());
    for one in done {
        let settled = match persistently(app, database, std::slice::from_ref(&one)).await {
            Err(error) => {
                let Some(fault) = data_fault(&error) else { return Err(error) };
                let refused = Done { reply: Reply::Failed(Failure::Refused(fault)), ..one };
                persistently(app, database, &[refused]).await?
            }
            outcome => outcome?,
        };
        pushed.add(settled.0);
        changed.extend(settled.1);
    }
    Ok((pushed, changed))
}

/// Six round trips: begin, lock the records, lock the contacts, read the links, write, commit.
async fn attempt(app: &App, database: &mut db::Connection, done: &[Done]) -> Result<Settled> {
    let transaction = db::begin(database).await?;
    let news: Vec<_> = done.iter().map(|one| news(app, one)).collect();
    let arrivals: Vec<_> =
        done.iter().zip(&news).filter_map(|(one, news)| Some((one, news.as_ref()?.as_ref().ok()?))).collect();
    let mut scenes = stage(app, &transaction, done, &arrivals).await?;
    let (now, mut pushed) = (now(), Pushed::default());
    for (one, news) in done.iter().zip(&news) {
        let scene = scenes.entry(one.task.tenant.clone()).or_default();
        Settling { app, one, scene, now }.settle(news.as_ref());
        pushed.count(scene.pair(one.contact(), &one.task.connection.id).1);
    }
    let pending = Pending::of(scenes);
    if !pending.is_empty() {
        db::contacts::write(&transaction, &pending.tenants(), &[], None).await?;
    }
    db::commit(transaction).await?;
    // Whatever becomes of the others.
    telemetry::count(Measure::DeadLetters, pushed.dead as u64);
    Ok((pushed, pending.changed()))
}

/// The record that a CRM showed, as news.
fn news<'a>(app: &App, one: &'a Done) -> Option<Result<Arrival<'a>>> {
    let (record, source) = match &one.reply {
        Reply::Answered(record) => (record, Source::Answer(one.task.plan.version)),
        Reply::Shown { record, .. } => (record, Source::Asked),
        _ => return None,
    };
    Some(arrival(app, &one.task, record).map(|arrival| arrival.by(source).within(one.task.trace.clone())))
}

fn arrival<'a>(app: &App, task: &'a Task, record: &Record) -> Result<Arrival<'a>> {
    let crm = crate::sync::crm_of(&task.connection.crm)?;
    let remote_id = crm.to_contact(record, &app.rules)?.remote_id;
    let remote_id = remote_id.ok_or_else(|| Error::Malformed("the CRM's record has no id".to_owned()))?;
    let change = Change { remote_id, news: News::Is { record: record.clone(), told_at: None } };
    Arrival::of(&task.tenant, &task.connection, change, &app.rules)
}

impl Pushed {
    pub(super) fn add(&mut self, other: Self) {
        self.written += other.written;
        self.later += other.later;
        self.dead += other.dead;
    }

    fn count(&mut self, link: Option<&Link>) {
        match link.map(|link| link.state) {
            Some(LinkState::Synced) => self.written += 1,
            Some(LinkState::Dead) => self.dead += 1,
            Some(LinkState::Pending | LinkState::Failing) => self.later += 1,
            None => {}
        }
    }
}
