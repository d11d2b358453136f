//! Answers that are kept for a repeated Idempotency-Key. They are written by the statement that makes the thing.

use super::{GenericClient, failed};
use crate::error::Result;

/// The key under which an answer is kept, and the answer.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Claim<'a> {
    pub client: &'a str,
    pub route: &'a str,
    pub key: &'a str,
    pub fingerprint: &'a [u8],
    pub body: &'a str,
}

/// The first answer under a key.
#[derive(Debug)]
pub struct Kept {
    /// SHA-256 of the request it answered.
    pub fingerprint: Vec<u8>,
    /// Its body, byte by byte.
    pub body: String,
}

/// The answer kept under a key, if there is one.
pub async fn find(db: &impl GenericClient, tenant: &str, client: &str, route: &str, key: &str) -> Result<Option<Kept>> {
    const SQL: &str = "select fingerprint, body from idempotency_keys \
                       where tenant_id = $1 and client_id = $2 and route = $3 and key = $4";
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    let row = db.query_opt(&statement, &[&tenant, &client, &route, &key]).await.map_err(failed)?;
    row.map(|row| Ok(Kept { fingerprint: row.try_get(0)?, body: row.try_get(1)? })).transpose().map_err(failed)
}

/// Takes a key for the transaction, before it does anything else: whoever comes with the same key waits here until this
/// one has ended. The answer follows when it is known, in the same transaction. `false`: the key is taken.
pub async fn claim(
    db: &impl GenericClient,
    tenant: &str,
    client: &str,
    route: &str,
    key: &str,
    fingerprint: &[u8],
) -> Result<bool> {
    // A key that has expired is free, even before it is purged.
    const SQL: &str = "insert into idempotency_keys \
                           (tenant_id, client_id, route, key, fingerprint, status, body, created_at) \
                       values ($1, $2, $3, $4, $5, 207, '', now()) \
                       on conflict (tenant_id, client_id, route, key) do update \
                           set fingerprint = excluded.fingerprint, status = excluded.status, body = excluded.body, \
                               created_at = excluded.created_at \
                           where idempotency_keys.created_at < excluded.created_at - interval '24 hours'";
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    let claimed = db.execute(&statement, &[&tenant, &client, &route, &key, &fingerprint]).await.map_err(failed)?;
    Ok(claimed == 1)
}
