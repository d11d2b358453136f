//! The keys that sign access tokens (EdDSA over Ed25519, RFC 8037).
//!
//! The private one is a secret of its own that only the issuer may read. The public ones, current and previous, are
//! a second secret: a rotation adds the new public key first, waits until every instance has read it, and only
//! then replaces the private one.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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
