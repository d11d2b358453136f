//! Creating a contact, once per idempotency key.

use super::{Answer, origin, remember};
use crate::app::App;
use crate::auth::Caller;
use crate::contact::{Contact, NewContact};
use crate::db::contacts::Claim;
use crate::db::{self, failed, is_deadlock};
use crate::error::{Error, Result};
use crate::events::{ContactEvent, Kind};

/// The route's name in the keys' table.
const ROUTE: &str = "create-contact";

/// An `Idempotency-Key` and the request it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The key as the caller chose it.
    pub key: String,
    /// SHA-256 of the request's meaning.
    pub fingerprint: [u8; 32],
}

/// A contact that was created, now or by the first request with the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The contact.
    pub answer: Answer,
    /// Whether this is the first answer given again.
    pub replayed: bool,
}

/// Creates a contact.
pub async fn create(app: &App, caller: &Caller, new: NewContact, key: Option<&IdempotencyKey>) -> Result<Created> {
    let contact = Contact::create(new.profile);
    let event = ContactEvent::of(Kind::Created, None, &contact, origin(caller), caller.traceparent.clone());
    let answer = Answer::of(&contact);
    let claim = key.map(|key| Claim {
        client: &caller.client,
        route: ROUTE,
        key: &key.key,
        fingerprint: &key.fingerprint,
        body: &answer.json,
    });

    let connection = app.database.get().await?;
    let inserted = match db::contacts::insert(&connection, &caller.tenant, &contact, &event, claim.as_ref()).await {
        Err(error) if is_deadlock(&error) => {
            db::contacts::insert(&connection, &caller.tenant, &contact, &event, claim.as_ref()).await
        }
        outcome => outcome,
    };
    match (inserted, key) {
        (Ok(true), _) => {
            drop(connection);
            remember(app, caller, &contact, &answer).await;
            Ok(Created { answer, replayed: false })
        }
        (Ok(false), Some(key)) => first_answer(&connection, caller, key).await,
        (Ok(false), None) => Err(Error::internal("create a contact", "nothing was inserted")),
        (Err(error), Some(_)) if is_lock_timeout(&error) => Err(Error::IdempotencyKeyInFlight),
        (Err(error), _) => Err(failed(error)),
    }
}

/// The key was taken, and whoever took it has committed.
async fn first_answer(connection: &db::Connection, caller: &Caller, key: &IdempotencyKey) -> Result<Created> {
    let kept = db::idempotency::find(connection, &caller.tenant, &caller.client, ROUTE, &key.key).await?;
    // Purged between the two statements: the caller asks again and finds it free.
    let kept = kept.ok_or(Error::IdempotencyKeyInFlight)?;
    if kept.fingerprint != key.fingerprint {
        return Err(Error::IdempotencyKeyReused);
    }
    let broken = |what| Error::internal("read a kept answer", what);
    let json: serde_json::Value = serde_json::from_str(&kept.body).map_err(|_| broken("not JSON"))?;
    let id = json["id"].as_str().and_then(|id| id.parse().ok()).ok_or_else(|| broken("no id"))?;
    let version = json["version"].as_i64().and_then(|version| version.try_into().ok());
    let version = version.ok_or_else(|| broken("no version"))?;
    Ok(Created { answer: Answer { id, version, json: kept.body }, replayed: true })
}

fn is_lock_timeout(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&tokio_postgres::error::SqlState::LOCK_NOT_AVAILABLE)
}
