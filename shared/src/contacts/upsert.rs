//! Many contacts at once, made or replaced in one transaction.

use uuid::Uuid;

use super::batch::Batch;
use super::idempotency::{IdempotencyKey, first_answer, waited};
use super::kept::{filled, without_faults};
use super::outcomes::{Outcome, decide};
use crate::app::App;
use crate::auth::Caller;
use crate::cache;
use crate::db::{self, Claim, give_way, is_deadlock};
use crate::error::{Error, Fault, Result};
use crate::telemetry::{self, Measure};

/// The route's name in the keys' table.
const ROUTE: &str = "upsert-contacts";

/// A batch that was done, now or by the first request with the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The answer.
    pub json: String,
    /// Whether this is the first answer given again.
    pub replayed: bool,
}

/// The contacts that changed, with their versions.
type Changed = Vec<(Uuid, i32)>;

/// Makes or replaces contacts: all that can be, or, if the batch is atomic, all or none. `write_down` makes the answer
/// of the outcomes; it is kept with the key, in the transaction that makes it true.
pub async fn upsert(
    app: &App,
    caller: &Caller,
    batch: &Batch,
    key: Option<&IdempotencyKey>,
    write_down: fn(&[Outcome]) -> String,
) -> Result<Done> {
    let mut connection = app.database.get().await?;
    let worked = match attempt(app, &mut connection, caller, batch, key, write_down).await {
        Err(error) if is_deadlock(&error) => {
            give_way().await;
            attempt(app, &mut connection, caller, batch, key, write_down).await
        }
        outcome => outcome,
    };
    match (worked?, key) {
        (Some((json, changed)), _) => {
            drop(connection);
            // A mark instead of the contacts, which may be megabytes that nobody will ask for.
            let _ = cache::stale(&app.redis, &caller.tenant, &changed, app.config.cache.ttl).await;
            Ok(Done { json, replayed: false })
        }
        (None, Some(key)) => {
            let kept = first_answer(&connection, caller, ROUTE, key).await?;
            Ok(Done { json: filled(kept, batch, write_down)?, replayed: true })
        }
        (None, None) => Err(Error::internal("upsert contacts", "a key was taken, and there is none")),
    }
}

/// One transaction of at most six round trips: to begin, take the key, lock the records, find and lock the
/// contacts, write, and commit. `None`: the key is taken.
async fn attempt(
    app: &App,
    connection: &mut db::Connection,
    caller: &Caller,
    batch: &Batch,
    key: Option<&IdempotencyKey>,
    write_down: fn(&[Outcome]) -> String,
) -> Result<Option<(String, Changed)>> {
    let tenant = &caller.tenant;
    let transaction = db::begin(connection).await?;
    if let Some(IdempotencyKey { key, fingerprint }) = key {
        let claimed = db::idempotency::claim(&transaction, tenant, &caller.client, ROUTE, key, fingerprint).await;
        if !claimed.map_err(waited)? {
            return Ok(None);
        }
    }
    let records: Vec<_> =
        batch.items().filter_map(|item| item.target.record()).map(|key| (tenant.as_str(), key)).collect();
    if !records.is_empty() {
        db::links::lock_keys(&transaction, &records).await?;
    }
    let sought: Vec<_> = batch.items().filter_map(|item| item.target.sought(tenant)).collect();
    let located = if sought.is_empty() { Vec::new() } else { db::contacts::locate(&transaction, &sought).await? };
    let (outcomes, mut writes) = decide(caller, batch.items.iter(), located, app.config.retention.contacts);
    if batch.atomic {
        all_or_none(&outcomes)?;
    }
    let json = write_down(&outcomes);
    let kept = key.map(|_| without_faults(&json, batch)).transpose()?;
    let claim = key.zip(kept.as_deref()).map(|(key, kept)| Claim {
        client: &caller.client,
        route: ROUTE,
        key: &key.key,
        fingerprint: &key.fingerprint,
        body: kept,
    });
    if claim.is_some() || !writes.contacts.is_empty() {
        db::contacts::write(&transaction, &[(tenant, &writes)], &[], claim.as_ref()).await?;
    }
    db::commit(transaction).await?;
    telemetry::count(Measure::StoredBytes, claim.map_or(0, |claim| claim.body.len()) as u64);
    let changed = writes.contacts.drain(..).map(|(contact, _)| (contact.id, contact.version)).collect();
    Ok(Some((json, changed)))
}

/// One fault refuses an atomic batch, and all of them are told.
fn all_or_none(outcomes: &[Outcome]) -> Result<()> {
    let mut faults = Vec::new();
    for (index, error) in outcomes.iter().enumerate().filter_map(|(index, it)| Some((index, it.as_ref().err()?))) {
        match error {
            Error::Invalid(own) => faults.extend(own.iter().cloned()),
            other => faults.push(Fault {
                pointer: format!("/items/{index}"),
                code: code_of(other),
                detail: other.to_string(),
            }),
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

/// What the state of a contact has against an item, as the fault of a body.
fn code_of(error: &Error) -> &'static str {
    match error {
        Error::ContactDeleted(_) => "deleted",
        Error::VersionConflict { .. } => "version_conflict",
        _ => "not_found",
    }
}
