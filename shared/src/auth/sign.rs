//! Issuing access tokens.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Header, encode};
use uuid::Uuid;

use super::{Claims, SigningKey};
use crate::config::{Quota, Tokens};
use crate::error::{Error, Result};

/// A token and how long it is good.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token in its compact form.
    pub token: String,
    /// Seconds until it expires.
    pub expires_in: u64,
}

/// Signs a token for a client. `iat` has whole seconds and the client's tokens are refused if it is before
/// `valid_from`; the token is not, for it is issued after that time.
pub fn issue(
    settings: &Tokens,
    key: &SigningKey,
    (tenant, client): (&str, &str),
    scope: String,
    quota: Option<Quota>,
    valid_from: Option<Timestamp>,
) -> Result<IssuedToken> {
    let now = Timestamp::now();
    let within_this_second = valid_from.is_some_and(|from| from <= now && from.as_second() == now.as_second());
    let iat = now.as_second() + i64::from(within_this_second);
    let expires_in = settings.lifetime.as_secs();
    let claims = Claims {
        iss: settings.issuer.clone(),
        aud: settings.audience.clone(),
        sub: client.to_owned(),
        tenant: tenant.to_owned(),
        scope,
        jti: Uuid::now_v7(),
        iat,
        exp: iat.saturating_add_unsigned(expires_in),
        rate: quota.map(|quota| quota.per_second),
        burst: quota.map(|quota| quota.burst),
    };
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some(key.kid.clone());
    let token = encode(&header, &claims, &key.key).map_err(|error| Error::internal("sign a token", error))?;
    Ok(IssuedToken { token, expires_in })
}
