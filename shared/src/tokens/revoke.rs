//! Revoking a token (RFC 7009).

use jiff::Timestamp;

use super::Credentials;
use crate::app::App;
use crate::auth::{Claims, Refusal};
use crate::cache;
use crate::db;
use crate::error::{Error, OAuthFault, Result};

/// Revokes one of the client's own tokens. One that is unknown, expired or revoked already is as revoked as it can be.
pub async fn revoke(app: &App, credentials: &Credentials, token: &str) -> Result<()> {
    credentials.check_source(app).await?;
    let claims = app.verifier.check(token).await?;
    let connection = app.database.get().await?;
    match claims {
        Ok(claims) if claims.sub == credentials.client_id => {
            let expires_at = expiry(&claims)?;
            let hash = credentials.secret.sha256();
            let revoked = (claims.tenant.as_str(), claims.jti, expires_at);
            // PostgreSQL first. If Redis misses the revocation, it has it within a minute, when its set expires.
            let client = db::revocations::revoke(&connection, &credentials.client_id, &hash, revoked).await?;
            drop(connection);
            let client = credentials.authenticate(app, client).await?;
            // The row is written, so the token is refused from now on, also when the quota refuses this answer.
            let marked = async {
                client.tenant == claims.tenant && cache::mark(&app.redis, &claims.tenant, claims.jti).await.is_ok()
            };
            let (charged, _) = tokio::join!(credentials.charge_client(app, &client), marked);
            charged
        }
        others_or_none => {
            let client = db::clients::find(&connection, &credentials.client_id).await?;
            drop(connection);
            let client = credentials.authenticate(app, client).await?;
            credentials.charge_client(app, &client).await?;
            match others_or_none {
                Ok(_) => Err(Error::OAuth(OAuthFault::InvalidGrant, "the token was issued to another client")),
                Err(Refusal::Expired | Refusal::NotOurs) => Ok(()),
            }
        }
    }
}

fn expiry(claims: &Claims) -> Result<Timestamp> {
    Timestamp::from_second(claims.exp).map_err(|error| Error::internal("read a token's expiry", error))
}
