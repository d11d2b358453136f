//! Claiming what is to be written: one transaction, before any CRM is asked.

use jiff::{SignedDuration, Timestamp};

use super::plan::plan;
use super::{Task, Woken};
use crate::app::App;
use crate::contact::{Contact, now};
use crate::db::contacts::{Sought, Writes};
use crate::db::links::{Asked, Tied};
use crate::db::pushes::Wanted;
use crate::db::{self, give_way, is_deadlock};
use crate::error::Result;
use crate::mapping::crm;

/// Plans what is to be done, and claims the links of it.
pub(super) async fn claim(
    app: &App,
    database: &mut db::Connection,
    wanted: &[Wanted],
    woken: &Woken,
) -> Result<Vec<Task>> {
    match attempt(app, database, wanted, woken).await {
        Err(error) if is_deadlock(&error) => {
            give_way().await;
            attempt(app, database, wanted, woken).await
        }
        outcome => outcome,
    }
}

/// Five round trips: begin, lock the contacts, read the links, write them, commit.
async fn attempt(app: &App, database: &mut db::Connection, wanted: &[Wanted], woken: &Woken) -> Result<Vec<Task>> {
    let transaction = db::begin(database).await?;
    let sought: Vec<_> =
        wanted.iter().map(|it| Sought { tenant: it.tenant(), id: Some(it.contact), remote: None }).collect();
    let contacts = db::contacts::locate(&transaction, &sought).await?;
    let asked: Vec<_> = wanted.iter().map(asked).collect();
    let tied = db::links::find_all(&transaction, &asked).await?;
    let now = now();
    let found = contacts.into_iter().map(|located| located.contact).zip(tied);
    let tasks: Vec<_> = wanted
        .iter()
        .zip(found)
        .filter_map(|(it, (contact, tied))| task(app, it, &contact?, tied, woken, now))
        .collect();
    if tasks.is_empty() {
        return Ok(tasks);
    }
    let writes: Vec<_> = tasks
        .iter()
        .map(|task| (task.tenant.as_str(), Writes { links: vec![task.plan.link.clone()], ..Writes::default() }))
        .collect();
    let writes: Vec<_> = writes.iter().map(|(tenant, writes)| (*tenant, writes)).collect();
    db::contacts::write(&transaction, &writes, &[], None).await?;
    db::commit(transaction).await?;
    Ok(tasks)
}

fn asked(wanted: &Wanted) -> Asked<'_> {
    let Wanted { contact, connection, .. } = wanted;
    Asked { tenant: wanted.tenant(), contact: Some(*contact), connection: &connection.id, remote_id: None }
}

fn task(app: &App, wanted: &Wanted, contact: &Contact, tied: Tied, woken: &Woken, now: Timestamp) -> Option<Task> {
    let Wanted { connection, .. } = wanted;
    if contact.is_gone(app.config.retention.contacts) {
        return None;
    }
    let Some(crm) = crm(&connection.crm) else {
        tracing::error!(connection = connection.id, "the connection's CRM is not known; nothing is written to it");
        return None;
    };
    let claim = SignedDuration::try_from(app.config.crms.claim).unwrap_or(SignedDuration::MAX);
    let plan = plan(crm, contact, tied.link, &connection.id, now, claim, &app.rules)?;
    let tenant = wanted.tenant().to_owned();
    let place = (tenant, contact.id);
    let trace = woken.get(&place).cloned().flatten();
    Some(Task { tenant: place.0, connection: connection.clone(), plan, trace })
}
