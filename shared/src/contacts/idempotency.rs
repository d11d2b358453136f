//! One key, one answer, however often the request is sent.

use super::Answer;
use crate::auth::Caller;
use crate::db;
use crate::error::{Error, Result};

/// An `Idempotency-Key` and the request it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The key as the caller chose it.
    pub key: String,
    /// SHA-256 of the request's meaning.
    pub fingerprint: [u8; 32],
}

/// The first answer under a key that was taken, by whoever took it and has committed.
pub(super) async fn first_answer(
    connection: &db::Connection,
    caller: &Caller,
    route: &str,
    key: &IdempotencyKey,
) -> Result<String> {
    let kept = db::idempotency::find(connection, &caller.tenant, &caller.client, route, &key.key).await?;
    // Purged between the two statements: the caller asks again and finds it free.
    let kept = kept.ok_or(Error::IdempotencyKeyInFlight)?;
    if kept.fingerprint == key.fingerprint { Ok(kept.body) } else { Err(Error::IdempotencyKeyReused) }
}

/// A kept answer that is a contact.
pub(super) fn contact_of(json: String) -> Result<Answer> {
    let broken = |what| Error::internal("read a kept answer", what);
    let contact: serde_json::Value = serde_json::from_str(&json).map_err(|_| broken("not JSON"))?;
    let id = contact["id"].as_str().and_then(|id| id.parse().ok()).ok_or_else(|| broken("no id"))?;
    let version = contact["version"].as_i64().and_then(|version| version.try_into().ok());
    Ok(Answer { id, version: version.ok_or_else(|| broken("no version"))?, json })
}

/// Who waits too long for the first with its key is told so.
pub(super) fn waited(error: Error) -> Error {
    if db::is_lock_timeout(&error) { Error::IdempotencyKeyInFlight } else { error }
}
