//! The keys that sign access tokens (EdDSA over Ed25519, RFC 8037).
//!
//! The private one is a secret of its own that only the issuer may read. The public ones, current and previous, are
//! a second secret: a rotation adds the new public key first, waits until every instance has read it, and only
//! then replaces the private one.

use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::EncodingKey;
use jsonwebtoken::jwk::Jwk;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Claims;
use crate::config::secrets::TTL;
use crate::error::{Error, Result};

/// The private key as Secrets Manager keeps it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningKeySecret {
    /// The key's name in the header of its tokens.
    pub kid: String,
    /// PKCS #8, DER, in base64.
    pub private_key: String,
}

/// A private key that is ready to sign.
#[derive(Debug)]
pub struct SigningKey {
    /// Its name.
    pub kid: String,
    pub(super) key: EncodingKey,
}

/// The public keys as Secrets Manager keeps them: a JSON Web Key Set (RFC 7517) whose keys may have the member
/// [`RETIRED_AT`].
#[derive(Debug, Clone, Deserialize)]
pub struct VerificationKeys {
    keys: Vec<VerificationKey>,
}

/// A public key, and the second since 1970 from which another one signs.
#[derive(Debug, Clone, Deserialize)]
pub struct VerificationKey {
    /// The key.
    #[serde(flatten)]
    pub jwk: Jwk,
    #[serde(default)]
    retired_at: Option<i64>,
}

/// The member of a published key that says since when another one signs.
pub const RETIRED_AT: &str = "retired_at";

impl VerificationKeys {
    /// The key of this name.
    pub fn find(&self, kid: &str) -> Option<&VerificationKey> {
        self.keys.iter().find(|key| key.jwk.common.key_id.as_deref() == Some(kid))
    }
}

impl VerificationKey {
    /// Whether a token with these claims may have been signed with this key. After its retirement an instance may
    /// sign with it until it reads the secret again, and those tokens live for their lifetime. Whoever has the
    /// private key can write any `iat` and `exp`, so the time now counts as well.
    pub fn may_have_signed(&self, claims: &Claims, lifetime: Duration, now: Timestamp) -> bool {
        let Some(retired_at) = self.retired_at else { return true };
        let signs_until = retired_at.saturating_add_unsigned(TTL.as_secs());
        claims.iat <= signs_until && now.as_second() <= signs_until.saturating_add_unsigned(lifetime.as_secs())
    }
}

impl SigningKeySecret {
    /// A new key, and its public half as a JSON Web Key.
    pub fn generate() -> Result<(Self, Value)> {
        let failed = |what| move |_| Error::internal("make a signing key", what);
        let pair = Ed25519KeyPair::generate().map_err(failed("no randomness"))?;
        let document = pair.to_pkcs8v1().map_err(failed("not encodable"))?;
        let kid = coordinate(&pair)[..16].to_owned();
        let public = public_key(&kid, &pair);
        Ok((Self { kid, private_key: STANDARD.encode(document.as_ref()) }, public))
    }

    /// Its public half, as a JSON Web Key.
    pub fn public(&self) -> Result<Value> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&self.der()?);
        let pair = pair.map_err(|_| Error::internal("read a signing key", "privateKey is no Ed25519 key"))?;
        Ok(public_key(&self.kid, &pair))
    }

    /// The key, ready to sign.
    pub fn ready(&self) -> Result<SigningKey> {
        Ok(SigningKey { kid: self.kid.clone(), key: EncodingKey::from_ed_der(&self.der()?) })
    }

    fn der(&self) -> Result<Vec<u8>> {
        let decoded = STANDARD.decode(&self.private_key);
        decoded.map_err(|_| Error::internal("read a signing key", "privateKey is not base64"))
    }
}

fn public_key(kid: &str, pair: &Ed25519KeyPair) -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": kid, "x": coordinate(pair)})
}

fn coordinate(pair: &Ed25519KeyPair) -> String {
    URL_SAFE_NO_PAD.encode(pair.public_key().as_ref())
}

/// A key set's public parts and nothing else, whatever the secret may hold beside them.
pub fn public_keys(secret: &Value) -> Value {
    const PUBLIC: [&str; 6] = ["kty", "crv", "use", "alg", "kid", "x"];
    let keys = secret["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    let public = keys.iter().map(|key| PUBLIC.iter().map(|name| (*name, key[*name].clone())).collect::<Value>());
    json!({"keys": public.collect::<Vec<_>>()})
}
