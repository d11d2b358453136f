//! The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header).

use aws_lc_rs::digest::{SHA256, digest};

use super::Request;
use super::body::{bytes, parse};
use crate::contacts::{IdempotencyKey, canonical};
use crate::error::{Error, Result};

/// A key has at most so many characters.
pub const MAX_KEY: usize = 255;

/// The key, and a fingerprint of the meaning of a body of at most so many bytes: the same JSON in another order, spacing
/// or form of number is the same request.
pub fn idempotency_key(request: &Request, limit: usize) -> Result<Option<IdempotencyKey>> {
    let Some(header) = request.headers().get("idempotency-key") else {
        return Ok(None);
    };
    let malformed = || Error::Malformed(format!("Idempotency-Key must be 1 to {MAX_KEY} visible ASCII characters"));
    let text = header.to_str().map_err(|_| malformed())?.trim();
    // The draft writes it as a quoted string, most clients send it bare.
    let key = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
    if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(malformed());
    }
    let meaning = canonical(&parse(bytes(request, limit)?)?);
    let fingerprint = digest(&SHA256, meaning.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes");
    Ok(Some(IdempotencyKey { key: key.to_owned(), fingerprint }))
}
