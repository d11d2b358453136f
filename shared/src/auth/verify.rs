//! Verifying access tokens (RFC 7519, and RFC 8725 for what to beware of).

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use lru::LruCache;

use super::{Claims, Presented, Refusal, VerificationKey, VerificationKeys};
use crate::config::{Secrets, Tokens};
use crate::error::{Error, Result};

/// How many verified tokens an instance remembers.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

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
        let hash = sha256(token);
        let remembered = self.lock().get(&hash).cloned();
        if let Some(Remembered { kid, claims }) = remembered {
            if claims.exp <= Timestamp::now().as_second() {
                return Ok(Err(Refusal::Expired));
            }
            let keys: Arc<VerificationKeys> = self.secrets.shared(&self.settings.verification_keys_secret).await?;
            let is_good = keys.find(&kid).is_some_and(|key| self.may_have_signed(key, &claims));
            return Ok(if is_good { Ok(claims) } else { Err(Refusal::NotOurs) });
        }
        let Some(presented) = Presented::read(token) else { return Ok(Err(Refusal::NotOurs)) };
        let kid = presented.kid();
        let Some(key) = self.key(kid).await? else { return Ok(Err(Refusal::NotOurs)) };
        let claims = presented.claims(&key.jwk, &self.settings);
        let claims = claims.and_then(|claims| {
            if self.may_have_signed(&key, &claims) { Ok(Arc::new(claims)) } else { Err(Refusal::NotOurs) }
        });
        Ok(claims.inspect(|claims| {
            self.lock().put(hash, Remembered { kid: kid.to_owned(), claims: Arc::clone(claims) });
        }))
    }

    fn may_have_signed(&self, key: &VerificationKey, claims: &Claims) -> bool {
        key.may_have_signed(claims, self.settings.lifetime, Timestamp::now())
    }

    /// The key of this name. Only an unknown name makes the keys be read again, and that not often: a flood of made-up
    /// names costs Secrets Manager nothing.
    async fn key(&self, kid: &str) -> Result<Option<VerificationKey>> {
        let secret = &self.settings.verification_keys_secret;
        let keys: Arc<VerificationKeys> = self.secrets.shared(secret).await?;
        if let Some(key) = keys.find(kid) {
            return Ok(Some(key.clone()));
        }
        let keys: VerificationKeys = self.secrets.refresh(secret).await?;
        Ok(keys.find(kid).cloned())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<[u8; 32], Remembered>> {
        self.remembered.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn sha256(token: &str) -> [u8; 32] {
    digest(&SHA256, token.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes")
}
