//! OAuth clients.

use jiff::Timestamp;
use tokio_postgres::Row;

use super::{GenericClient, failed};
use crate::config::{Quota, TokenQuota};
use crate::error::Result;

/// A client as it is stored.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its public name.
    pub id: String,
    /// Whose contacts it reaches.
    pub tenant: String,
    /// SHA-256 of its secret.
    pub secret_sha256: Vec<u8>,
    /// The scopes it may ask for.
    pub scopes: Vec<String>,
    /// Its own quota, if it has one.
    pub requests: Option<Quota>,
    /// Its own quota at the token endpoint, if it has one.
    pub tokens: Option<TokenQuota>,
    /// Its tokens of an earlier time are refused.
    pub tokens_valid_from: Option<Timestamp>,
}

/// The client, unless it is disabled.
pub async fn find(db: &impl GenericClient, id: &str) -> Result<Option<Client>> {
    const SQL: &str = "select id, tenant_id, secret_sha256, scopes, requests_per_second, request_burst, \
                       tokens_per_minute, tokens_valid_from from clients where id = $1 and disabled_at is null";
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    let row = db.query_opt(&statement, &[&id]).await.map_err(failed)?;
    row.as_ref().map(client).transpose().map_err(failed)
}

/// Reads the first eight columns of a row as [`find`] selects them.
pub(super) fn client(row: &Row) -> Result<Client, tokio_postgres::Error> {
    let per_second = positive(row.try_get(4)?);
    let burst = positive(row.try_get(5)?);
    Ok(Client {
        id: row.try_get(0)?,
        tenant: row.try_get(1)?,
        secret_sha256: row.try_get(2)?,
        scopes: row.try_get(3)?,
        requests: per_second.map(|per_second| Quota { per_second, burst: burst.unwrap_or(per_second) }),
        tokens: positive(row.try_get(6)?).map(|per_minute| TokenQuota { per_minute }),
        tokens_valid_from: row.try_get(7)?,
    })
}

fn positive(number: Option<i32>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0)
}
