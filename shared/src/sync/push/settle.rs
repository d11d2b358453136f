//! Storing what came of it: one transaction, after all CRMs were asked. A record that a CRM showed is news like any other.

use jiff::Timestamp;

use super::execute::Reply;
use super::stage::stage;
use super::transition::{Next, after_news, next, refused};
use super::{Done, Pushed, Task};
use crate::app::App;
use crate::contact::{RemoteKey, now};
use crate::db::links::{Link, LinkState};
use crate::db::{self, data_fault, failed, give_way, is_deadlock};
use crate::error::{Error, Result};
use crate::mapping::{Change, News, Record};
use crate::remote::Failure;
use crate::sync::apply::{ChangedContacts, Pending};
use crate::sync::arrival::{Arrival, Source};
use crate::sync::scene::Scene;

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
    let transaction = database.transaction().await.map_err(failed)?;
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
    transaction.commit().await.map_err(failed)?;
    Ok((pushed, pending.changed()))
}

/// The record that a CRM showed, as news.
fn news<'a>(app: &App, one: &'a Done) -> Option<Result<Arrival<'a>>> {
    let (record, source) = match &one.reply {
        Reply::Answered(record) => (record, Source::Answer(one.task.plan.version)),
        Reply::Shown { record, .. } => (record, Source::Asked),
        _ => return None,
    };
    Some(arrival(app, &one.task, record).map(|arrival| arrival.by(source)))
}

fn arrival<'a>(app: &App, task: &'a Task, record: &Record) -> Result<Arrival<'a>> {
    let crm = crate::sync::crm_of(&task.connection.crm)?;
    let remote_id = crm.to_contact(record, &app.rules)?.remote_id;
    let remote_id = remote_id.ok_or_else(|| Error::Malformed("the CRM's record has no id".to_owned()))?;
    let change = Change { remote_id, news: News::Is { record: record.clone(), told_at: None } };
    Arrival::of(&task.tenant, &task.connection, change, &app.rules)
}

/// The settling of one task.
struct Settling<'a> {
    app: &'a App,
    one: &'a Done,
    scene: &'a mut Scene,
    now: Timestamp,
}

impl Settling<'_> {
    fn settle(mut self, news: Option<&Result<Arrival<'_>>>) {
        let Task { connection, plan, .. } = &self.one.task;
        let (Some(contact), Some(link)) = self.scene.pair(self.one.contact(), &connection.id) else { return };
        let (contact, link) = (contact.clone(), link.clone());
        // News, or somebody after our time was over, may have seen to it. What the CRM showed is news all the same.
        let is_ours = link.claimed_until == plan.link.claimed_until;
        let settings = &self.app.config.crms;
        match next(plan, self.one.reply.clone(), &contact, link.clone(), self.now, settings) {
            Next::Told { .. } if !is_ours => {
                if let Some(Ok(arrival)) = news {
                    // What is told that can't be worked was noted by whoever has the link.
                    drop(self.scene.tell(arrival, self.now, &self.app.rules));
                }
            }
            _ if !is_ours => {}
            Next::Is(link) => self.scene.put(*link),
            Next::Buried(link) => {
                self.bury();
                self.scene.put(*link);
            }
            Next::Told { link, written, .. } => {
                self.scene.put((*link).clone());
                match news {
                    Some(Ok(arrival)) => self.tell(arrival, *link, written),
                    Some(Err(error)) => self.refuse(*link, error),
                    None => {}
                }
            }
            Next::ToldGone(link, at) => {
                self.scene.put((*link).clone());
                let arrival = gone(self.app, &self.one.task, &link, at);
                if let Some(arrival) = arrival {
                    self.tell(&arrival, *link, false);
                }
            }
        }
    }

    fn tell(&mut self, arrival: &Arrival<'_>, link: Link, written: bool) {
        let connection = &self.one.task.connection.id;
        match self.scene.tell(arrival, self.now, &self.app.rules) {
            Err(error) => self.refuse(link, &error),
            Ok(_) if self.scene.contact_of(&arrival.key).is_some_and(|contact| contact != self.one.contact()) => {
                let another = Error::Malformed("it is another contact's".to_owned());
                self.refuse(link, &another);
            }
            Ok(_) => {
                if let (_, Some(link)) = self.scene.pair(self.one.contact(), connection) {
                    let link = after_news(&self.one.task.plan, link.clone(), written, self.now, &self.app.config.crms);
                    self.scene.put(link);
                }
            }
        }
    }

    fn refuse(&mut self, link: Link, error: &Error) {
        self.scene.put(refused(&self.one.task.plan, link, &error.reason()));
    }

    fn bury(&mut self) {
        let Task { connection, plan, .. } = &self.one.task;
        if let Some(remote_id) = plan.link.remote_id.clone() {
            self.scene.bury(RemoteKey { connection: connection.id.clone(), remote_id }, self.now);
        }
    }
}

/// The record was not there any more at this time.
fn gone<'a>(app: &App, task: &'a Task, link: &Link, at: Timestamp) -> Option<Arrival<'a>> {
    let change = Change { remote_id: link.remote_id.clone()?, news: News::Deleted(at) };
    Arrival::of(&task.tenant, &task.connection, change, &app.rules).ok()
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
