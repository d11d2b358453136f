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
    let claims = app.verifier.check(token).await?;
    let connection = app.database.get().await?;
    match claims {
        Ok(claims) if claims.sub == credentials.client_id => {
            let expires_at = expiry(&claims)?;
            let hash = credentials.secret.sha256();
            let revoked = (claims.tenant.as_str(), claims.jti, expires_at);
            // The truth first. Should Redis not hear of it now, it will within a minute: its marker runs out.
            let client = db::revocations::revoke(&connection, &credentials.client_id, &hash, revoked).await?;
            drop(connection);
            credentials.authenticate(app, client).await?;
            let _ = cache::mark(&app.redis, &claims.tenant, claims.jti, expires_at).await;
            Ok(())
        }
        others_or_none => {
            let client = db::clients::find(&connection, &credentials.client_id).await?;
            drop(connection);
            credentials.authenticate(app, client).await?;
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
