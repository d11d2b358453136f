//! A record of a CRM is applied here, as if a webhook had brought it.

use super::crm_of;
use super::inbound::{Applied, Arrival, Decision, Known, decide};
use crate::app::App;
use crate::auth::Caller;
use crate::contact::{Contact, RemoteKey, now};
use crate::contacts::{Answer, remember};
use crate::db::contacts::{Sought, Writes};
use crate::db::{self, failed, give_way, is_deadlock};
use crate::error::{Error, Fault, Result};
use crate::events::{ContactEvent, Kind, Origin};
use crate::mapping::Record;

/// What came of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// The contact.
    pub answer: Answer,
    /// Whether it is new.
    pub created: bool,
}

/// Applies a record. It does not ask the CRM.
pub async fn put(app: &App, caller: &Caller, key: &RemoteKey, record: Record) -> Result<Put> {
    let mut database = app.database.get().await?;
    let connection = db::connections::find(&database, &caller.tenant, &key.connection).await?;
    let connection = connection.ok_or_else(|| Error::ConnectionNotFound(key.connection.clone()))?;
    let crm = crm_of(&connection.crm)?;
    let incoming = crm.to_contact(&record, &app.rules)?;
    if incoming.remote_id.as_ref().is_some_and(|id| *id != key.remote_id) {
        let detail = "must be the id in the path, or absent".to_owned();
        return Err(Error::Invalid(vec![Fault { pointer: "/id".to_owned(), code: "invalid", detail }]));
    }
    let arrival = Arrival { connection: &connection, key, record: &record, incoming: &incoming, crm };
    let applied = match attempt(app, caller, &mut database, &arrival).await {
        Err(error) if is_deadlock(&error) => {
            give_way().await;
            attempt(app, caller, &mut database, &arrival).await
        }
        outcome => outcome,
    };
    let (contact, kind) = applied?;
    drop(database);
    let answer = Answer::of(&contact);
    if kind.is_some() {
        remember(app, caller, &contact, &answer).await;
    }
    Ok(Put { answer, created: kind == Some(Kind::Created) })
}

/// One transaction: the record's key is locked first, so that one record from many sides makes one contact.
async fn attempt(
    app: &App,
    caller: &Caller,
    database: &mut db::Connection,
    arrival: &Arrival<'_>,
) -> Result<(Contact, Option<Kind>)> {
    let tenant = &caller.tenant;
    let transaction = database.transaction().await.map_err(failed)?;
    db::links::lock_keys(&transaction, tenant, &[arrival.key]).await?;
    let sought = [Sought { id: arrival.incoming.external_id, remote: Some(arrival.key.clone()) }];
    let mut located = db::contacts::locate(&transaction, tenant, &sought).await?;
    let (mut known, mut untied) = (Known::default(), Vec::new());
    if let Some(contact) = located.pop().and_then(|located| located.contact) {
        let (link, changed_at) =
            db::links::find(&transaction, tenant, contact.id, &arrival.connection.id).await?.unzip();
        if !contact.is_gone(app.config.retention.contacts) {
            known = Known { contact: Some(contact), link, changed_at: changed_at.flatten() };
        } else if link.is_some_and(|link| link.remote_id.as_ref() == Some(&arrival.key.remote_id)) {
            // What is past its retention is not brought back: the record is that of a new contact.
            untied.push((contact.id, arrival.connection.id.clone()));
        }
    }
    let applied = match decide(arrival, known, now(), &app.rules)? {
        Decision::Apply(applied) => *applied,
        Decision::Outdated(contact) => return Ok((*contact, None)),
    };
    let Applied { before, contact, kind, link, conflicts } = applied;
    let event = kind.map(|kind| {
        let origin = Origin::Connection { connection: arrival.connection.id.clone() };
        ContactEvent::of(kind, before.as_ref(), &contact, origin, caller.traceparent.clone())
    });
    let contacts = event.map(|event| (contact.clone(), event)).into_iter().collect();
    db::contacts::write(&transaction, tenant, &Writes { contacts, untied, links: vec![link], conflicts }, None).await?;
    transaction.commit().await.map_err(failed)?;
    Ok((contact, kind))
}
