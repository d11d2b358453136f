//! A record of a CRM is applied here, as if a webhook had brought it.

use super::apply::decide_all;
use super::arrival::{Arrival, Tells};
use super::scene::Outcome;
use crate::app::App;
use crate::auth::Caller;
use crate::contact::{Contact, RemoteKey};
use crate::contacts::{Answer, remember};
use crate::db::{self, give_way, is_deadlock};
use crate::error::{Error, Fault, Result};
use crate::events::Kind;
use crate::mapping::{Change, News, Record};

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
    let change = Change { remote_id: key.remote_id.clone(), news: News::Is { record, told_at: None } };
    let arrival = Arrival::of(&caller.tenant, &connection, change, &app.rules)?.within(caller.traceparent.clone());
    if let Tells::Is { incoming, .. } = &arrival.tells
        && incoming.remote_id.as_ref().is_some_and(|id| *id != key.remote_id)
    {
        let detail = "must be the id in the path, or absent".to_owned();
        return Err(Error::Invalid(vec![Fault { pointer: "/id".to_owned(), code: "invalid", detail }]));
    }
    let applied = match attempt(app, &mut database, &arrival).await {
        Err(error) if is_deadlock(&error) => {
            give_way().await;
            attempt(app, &mut database, &arrival).await
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

async fn attempt(app: &App, database: &mut db::Connection, arrival: &Arrival<'_>) -> Result<(Contact, Option<Kind>)> {
    let transaction = db::begin(database).await?;
    let (outcomes, pending) = decide_all(app, &transaction, &[arrival]).await?;
    let outcome = outcomes.into_iter().next().unwrap_or(Ok(Outcome::Unchanged(None)))?;
    let applied = match outcome {
        Outcome::Changed(contact, kind) => (contact, Some(kind)),
        Outcome::Unchanged(Some(contact)) => (contact, None),
        Outcome::Unchanged(None) => return Err(Error::RecordNotFound(arrival.key.remote_id.clone())),
    };
    if pending.is_empty() {
        return Ok(applied);
    }
    db::contacts::write(&transaction, &pending.tenants(), &[], None).await?;
    db::commit(transaction).await?;
    Ok(applied)
}
