//! A token as a caller presents it: what it says, found out with nothing but the key that it names.

use jiff::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};

use super::Claims;
use crate::config::Tokens;

/// Ours have some six hundred bytes; nothing near this size is worth the work of looking at it.
const MAX_BYTES: usize = 4096;

/// How far another instance's clock may be ahead of ours, in seconds.
const CLOCK_SKEW: i64 = 60;

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It was, and is no more.
    Expired,
    /// It never was one of ours.
    NotOurs,
}

/// A token that may be ours.
pub struct Presented<'t> {
    text: &'t str,
    kid: String,
}

impl<'t> Presented<'t> {
    /// Reads the name of the key that a token was signed with; `None` for what is no token of ours, whatever our keys are.
    pub fn read(text: &'t str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let header = decode_header(text).ok()?;
        // The algorithm is ours to choose, never the token's.
        let (Algorithm::EdDSA, Some(kid)) = (header.alg, header.kid) else { return None };
        Some(Self { text, kid })
    }

    /// The name of the key.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What it says, if this key signed it, and it is for us and in its time.
    pub fn claims(&self, key: &Jwk, settings: &Tokens) -> Result<Claims, Refusal> {
        let key = DecodingKey::from_jwk(key).map_err(|_| Refusal::NotOurs)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.set_issuer(&[&settings.issuer]);
        validation.set_audience(&[&settings.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims = decode::<Claims>(self.text, &key, &validation).map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature => Refusal::Expired,
            _ => Refusal::NotOurs,
        })?;
        let now = Timestamp::now().as_second();
        match claims.claims {
            claims if claims.iat > now + CLOCK_SKEW => Err(Refusal::NotOurs),
            // At that very second it is over (RFC 7519, section 4.1.4); the library still takes it.
            claims if claims.exp <= now => Err(Refusal::Expired),
            claims => Ok(claims),
        }
    }
}
