//! Verifying access tokens (RFC 7519, and RFC 8725 for what to beware of).

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use lru::LruCache;

use super::Claims;
use crate::config::{Secrets, Tokens};
use crate::error::{Error, Result};

/// Ours have some six hundred bytes; nothing near this size is worth the work of looking at it.
const MAX_BYTES: usize = 4096;

/// How many verified tokens an instance remembers.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

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

/// Verifies tokens and remembers those that were good.
#[derive(Debug)]
pub struct Verifier {
    settings: Tokens,
    secrets: Arc<Secrets>,
    /// By hash: the memory of an instance holds nobody's token.
    remembered: Mutex<LruCache<[u8; 32], Remembered>>,
}

/// A token that was good, and the name of the key that it was signed with: once that is withdrawn, it is good no more.
#[derive(Debug, Clone)]
struct Remembered {
    kid: String,
    claims: Arc<Claims>,
}

impl Verifier {
    /// A verifier with these settings.
    pub fn new(settings: &Tokens, secrets: Arc<Secrets>) -> Self {
        Self { settings: settings.clone(), secrets, remembered: Mutex::new(LruCache::new(REMEMBERED)) }
    }

    /// The claims of a token that is ours, for us, and in its time. Whether it was revoked is asked elsewhere, each time.
    pub async fn verify(&self, token: &str) -> Result<Arc<Claims>> {
        self.check(token).await?.map_err(|refusal| match refusal {
            Refusal::Expired => Error::TokenRefused("the token has expired"),
            Refusal::NotOurs => Error::TokenRefused("the token is not valid"),
        })
    }

    /// The same, for callers to whom a bad token is not an error.
    pub async fn check(&self, token: &str) -> Result<Result<Arc<Claims>, Refusal>> {
        if token.len() > MAX_BYTES {
            return Ok(Err(Refusal::NotOurs));
        }
        let hash = sha256(token);
        let remembered = self.lock().get(&hash).cloned();
        if let Some(Remembered { kid, claims }) = remembered {
            if claims.exp <= Timestamp::now().as_second() {
                return Ok(Err(Refusal::Expired));
            }
            let keys: JwkSet = self.secrets.get(&self.settings.verification_keys_secret).await?;
            return Ok(if keys.find(&kid).is_some() { Ok(claims) } else { Err(Refusal::NotOurs) });
        }
        let Some((kid, key)) = self.key_of(token).await? else {
            return Ok(Err(Refusal::NotOurs));
        };
        Ok(self.decode(token, &key).map(Arc::new).inspect(|claims| {
            self.lock().put(hash, Remembered { kid, claims: Arc::clone(claims) });
        }))
    }

    /// The key that the token names. Only an unknown name makes the keys be read again, and that not often: a
    /// flood of made-up names costs Secrets Manager nothing.
    async fn key_of(&self, token: &str) -> Result<Option<(String, Jwk)>> {
        let Ok(header) = decode_header(token) else {
            return Ok(None);
        };
        // The algorithm is ours to choose, never the token's.
        let (Algorithm::EdDSA, Some(kid)) = (header.alg, header.kid) else {
            return Ok(None);
        };
        let secret = &self.settings.verification_keys_secret;
        let keys: JwkSet = self.secrets.get(secret).await?;
        if let Some(key) = keys.find(&kid).cloned() {
            return Ok(Some((kid, key)));
        }
        let keys: JwkSet = self.secrets.refresh(secret).await?;
        Ok(keys.find(&kid).cloned().map(|key| (kid, key)))
    }

    fn decode(&self, token: &str, key: &Jwk) -> Result<Claims, Refusal> {
        let key = DecodingKey::from_jwk(key).map_err(|_| Refusal::NotOurs)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.leeway = 0;
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.settings.issuer]);
        validation.set_audience(&[&self.settings.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims = decode::<Claims>(token, &key, &validation).map_err(|error| match error.kind() {
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

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<[u8; 32], Remembered>> {
        self.remembered.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn sha256(token: &str) -> [u8; 32] {
    digest(&SHA256, token.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes")
}
