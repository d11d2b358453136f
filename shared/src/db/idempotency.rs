//! Answers that are kept for a repeated Idempotency-Key. They are written by the statement that makes the thing.

use deadpool_postgres::GenericClient;

use super::failed;
use crate::error::Result;

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
