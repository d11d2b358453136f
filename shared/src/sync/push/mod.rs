//! Writing contacts to CRMs. A record of the topic only says that a contact may have to be written: what is to be done is read
//! from the contact and its links as they are now, so late, repeated and replayed records do no harm.
//!
//! Each link is claimed before the CRM is called, with what is being sent, and settled afterwards: nobody else writes the same
//! meanwhile, and an answer that is lost is known by what it would have said. No lock is held while a CRM is asked.

mod breaker;
mod claim;
mod execute;
mod group;
mod plan;
mod recent;
mod settle;
mod settling;
mod stage;
#[cfg(test)]
mod tests;
mod transition;

use std::collections::BTreeMap;

use futures::future::join_all;
use tokio::sync::Mutex;
use uuid::Uuid;

use breaker::Breakers;
use execute::Reply;
use group::Group;
use plan::Plan;
use recent::RecentConnections;

use crate::app::App;
use crate::clock::End;
use crate::config::Crms;
use crate::db;
use crate::db::connections::Connection;
use crate::db::pushes::Wanted;
use crate::error::Result;
use crate::remote::Remote;
use crate::telemetry::TraceParent;

/// What writes to CRMs, and remembers of them what is worth remembering from one batch to the next.
#[derive(Debug)]
pub struct Pusher {
    remote: Remote,
    breakers: Breakers,
    recent: RecentConnections,
    /// Held while results are stored. An instance has one database connection, and a wait in its pool fails after 5 s.
    settling: Mutex<()>,
}

/// What was done.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Pushed {
    /// Contacts that a CRM has now as we have them, or gave another form.
    pub written: usize,
    /// Contacts that will come round again.
    pub later: usize,
    /// Contacts that a CRM refused for good.
    pub dead: usize,
}

/// Contacts that may have to be written, by tenant and id, each with the trace in which that is done.
pub type Woken = BTreeMap<(String, Uuid), Option<TraceParent>>;

/// A plan for a contact and the connection that it is for.
struct Task {
    tenant: String,
    connection: Connection,
    plan: Plan,
    trace: Option<TraceParent>,
}

/// A task that was done, or wasn't.
struct Done {
    task: Task,
    reply: Reply,
}

impl Pusher {
    /// One that treats CRMs by these settings. Nothing connects yet.
    pub fn new(settings: &Crms) -> Result<Self> {
        Ok(Self {
            remote: Remote::new(settings)?,
            breakers: Breakers::default(),
            recent: RecentConnections::default(),
            settling: Mutex::default(),
        })
    }

    /// Writes what has to be written of these contacts, as far as that can be done by the end.
    pub async fn push(&self, app: &App, contacts: &Woken, end: &End) -> Result<Pushed> {
        let mut database = app.database.get().await?;
        let wanted = db::pushes::find(&database, contacts.keys()).await?;
        if wanted.is_empty() {
            return Ok(Pushed::default());
        }
        let tasks = claim::claim(app, &mut database, &wanted, contacts).await?;
        // Others may have it while the CRMs are asked.
        drop(database);
        let groups = by_connection(tasks);
        self.recent.note(groups.iter().map(|(place, _)| place));
        let work = groups.into_iter().filter_map(|(place, tasks)| {
            let account =
                wanted.iter().map(|it| &it.account).find(|it| place.0 == it.tenant && place.1 == it.connection)?;
            let group = Group::new(self, app, account, end);
            // A connection that is done is settled, whatever the others still wait for.
            Some(async move {
                let done = group.run(tasks).await;
                let _turn = self.settling.lock().await;
                settle::settle(app, done).await
            })
        });
        let mut pushed = Pushed::default();
        for settled in join_all(work).await {
            pushed.add(settled?);
        }
        let Pushed { written, later, dead } = pushed;
        tracing::info!(written, later, dead, "contacts pushed");
        Ok(pushed)
    }
}

/// Tasks by tenant and connection.
fn by_connection(tasks: Vec<Task>) -> Vec<((String, String), Vec<Task>)> {
    let mut groups: BTreeMap<(String, String), Vec<Task>> = BTreeMap::new();
    for task in tasks {
        groups.entry((task.tenant.clone(), task.connection.id.clone())).or_default().push(task);
    }
    groups.into_iter().collect()
}

impl Wanted {
    fn tenant(&self) -> &str {
        &self.account.tenant
    }
}

impl Done {
    fn contact(&self) -> Uuid {
        self.task.plan.link.contact_id
    }
}
