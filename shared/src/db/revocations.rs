//! Tokens that were revoked before they expired.

use jiff::Timestamp;
use uuid::Uuid;

use super::clients::{Client, client};
use super::{GenericClient, failed};
use crate::error::Result;

/// Finds the client and, if its secret is this one and the token is its own, revokes the token: one statement, so that
/// a client's revocation costs one round trip.
///
/// The caller still compares the secret itself, in constant time, before it tells anybody that it was right.
pub async fn revoke(
    db: &impl GenericClient,
    client_id: &str,
    secret_sha256: &[u8],
    token: (&str, Uuid, Timestamp),
) -> Result<Option<Client>> {
    const SQL: &str = "with client as (\
             select id, tenant_id, secret_sha256, scopes, requests_per_second, request_burst, tokens_per_minute \
             from clients where id = $1 and disabled_at is null\
         ), revoked as (\
             insert into revocations (tenant_id, jti, client_id, expires_at) \
             select tenant_id, $4, id, $5 from client where secret_sha256 = $2 and tenant_id = $3 \
             on conflict do nothing\
         ) select * from client";
    let (tenant, jti, expires_at) = token;
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    let row =
        db.query_opt(&statement, &[&client_id, &secret_sha256, &tenant, &jti, &expires_at]).await.map_err(failed)?;
    row.as_ref().map(client).transpose().map_err(failed)
}

/// Whether the token was revoked.
pub async fn is_revoked(db: &impl GenericClient, tenant: &str, jti: Uuid) -> Result<bool> {
    const SQL: &str = "select exists (select from revocations where tenant_id = $1 and jti = $2)";
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    db.query_one(&statement, &[&tenant, &jti]).await.and_then(|row| row.try_get(0)).map_err(failed)
}

/// The tenant's revoked tokens that have not expired, with the time when they do.
pub async fn active(db: &impl GenericClient, tenant: &str) -> Result<Vec<(Uuid, Timestamp)>> {
    const SQL: &str = "select jti, expires_at from revocations where tenant_id = $1 and expires_at > now()";
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    let rows = db.query(&statement, &[&tenant]).await.map_err(failed)?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, _>>().map_err(failed)
}
