//! Tokens: JWTs signed with a key that lies in the CRM's Redis, so that they outlast a restart.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode, get_current_timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::problem::Problem;

const ISSUER: &str = "acme-crm";

/// Makes and checks tokens.
#[derive(Clone)]
pub(crate) struct Tokens {
    sign: EncodingKey,
    verify: DecodingKey,
    validation: Validation,
    seconds: u64,
}

/// What a login answers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Token {
    token: String,
    /// In seconds.
    expires_in: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    jti: String,
    iat: u64,
    exp: u64,
}

impl Tokens {
    pub(crate) fn new(key: &[u8], seconds: u64) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        // A token of two seconds is meant to be one.
        validation.leeway = 0;
        Self { sign: EncodingKey::from_secret(key), verify: DecodingKey::from_secret(key), validation, seconds }
    }

    /// A new token for a user.
    pub(crate) fn issue(&self, user: &str) -> Result<Token, Problem> {
        let now = get_current_timestamp();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: user.to_owned(),
            jti: Uuid::now_v7().to_string(),
            iat: now,
            exp: now + self.seconds,
        };
        let token = encode(&Header::default(), &claims, &self.sign).map_err(|_| Problem::Failure)?;
        Ok(Token { token, expires_in: self.seconds })
    }

    /// The user that an `Authorization` header names.
    pub(crate) fn user(&self, authorization: Option<&str>) -> Result<String, Problem> {
        let token = authorization
            .and_then(|header| header.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .ok_or(Problem::Unauthorised("A bearer token is needed."))?
            .1;
        let decoded = decode::<Claims>(token.trim(), &self.verify, &self.validation);
        let claims = decoded.map_err(|_| Problem::Unauthorised("The token is not good, or not any more."))?.claims;
        Ok(claims.sub)
    }
}
