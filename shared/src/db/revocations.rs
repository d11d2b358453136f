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
             select id, tenant_id, secret_sha256, scopes, requests_per_second, request_burst, tokens_per_minute, \
             tokens_valid_from from clients where id = $1 and disabled_at is null\
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

/// What is in force against a tenant's tokens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Active {
    /// The revoked tokens that have not expired.
    pub tokens: Vec<Uuid>,
    /// Clients, and the second since 1970 before which their tokens were issued that are refused. A disabled client has
    /// `i64::MAX`.
    pub clients: Vec<(String, i64)>,
}

impl Active {
    /// Whether a token is refused.
    pub fn refuses(&self, jti: Uuid, client: &str, iat: i64) -> bool {
        self.tokens.contains(&jti) || self.clients.iter().any(|(id, valid_from)| id == client && iat < *valid_from)
    }
}

/// Whether the token was revoked, or its client's tokens of that time are refused.
pub async fn is_revoked(db: &impl GenericClient, tenant: &str, jti: Uuid, client: &str, iat: i64) -> Result<bool> {
    const SQL: &str = "select exists (select from revocations where tenant_id = $1 and jti = $2) \
                           or exists (select from clients where tenant_id = $1 and id = $3 \
                                      and (disabled_at is not null or tokens_valid_from > to_timestamp($4::bigint)))";
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    db.query_one(&statement, &[&tenant, &jti, &client, &iat]).await.and_then(|row| row.try_get(0)).map_err(failed)
}

/// All that is in force against the tenant's tokens.
pub async fn active(db: &impl GenericClient, tenant: &str) -> Result<Active> {
    // `iat` has whole seconds: a token of the second in which the valid time lies is refused.
    const SQL: &str = "select jti, null as client, null::bigint as valid_from \
                       from revocations where tenant_id = $1 and expires_at > now() \
                       union all \
                       select null, id, case when disabled_at is null \
                                             then ceil(extract(epoch from tokens_valid_from))::bigint end \
                       from clients \
                       where tenant_id = $1 and (disabled_at is not null or tokens_valid_from is not null)";
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    let rows = db.query(&statement, &[&tenant]).await.map_err(failed)?;
    let mut active = Active::default();
    let mut read = |row: &tokio_postgres::Row| -> Result<(), tokio_postgres::Error> {
        if let Some(jti) = row.try_get(0)? {
            active.tokens.push(jti);
        } else {
            active.clients.push((row.try_get(1)?, row.try_get::<_, Option<i64>>(2)?.unwrap_or(i64::MAX)));
        }
        Ok(())
    };
    rows.iter().try_for_each(&mut read).map_err(failed)?;
    Ok(active)
}
