//! A keyed hash of an address for the log: it tells requests of one source from others, and nobody can find the address
//! without the key.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use serde::Deserialize;

use crate::app::App;
use crate::source::Source;

/// The secret of Redis. It is the key because the functions of the token endpoints read it anyway, it is a
/// deployment's own, its URL has a random password, and it changes seldom, so that an attacker can be followed for
/// weeks.
#[derive(Clone, Deserialize)]
struct RedisSecret {
    url: String,
}

/// The hash of a source, 16 hexadecimal digits; `None` if the key cannot be read.
pub async fn address_hash(app: &App, source: Source) -> Option<String> {
    let secret: RedisSecret = app.secrets.get(&app.config.redis.secret).await.ok()?;
    Some(hash(&secret.url, source))
}

fn hash(secret: &str, source: Source) -> String {
    // The purpose is part of the text, so that the hash is of use for nothing else.
    let text = format!("crosswalk address hash\0{source}");
    let tag = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), text.as_bytes());
    let (start, _) = tag.as_ref().split_first_chunk().expect("SHA-256 has 32 bytes");
    format!("{:016x}", u64::from_be_bytes(*start))
}

#[cfg(test)]
mod tests {
    use super::hash;
    use crate::source::Source;

    #[test]
    fn hash_depends_on_the_key_and_on_the_source() {
        let of = |secret, address: &str| hash(secret, Source::of(address.parse().ok()));
        assert_eq!(of("a", "192.0.2.1"), of("a", "192.0.2.1"));
        assert_ne!(of("a", "192.0.2.1"), of("b", "192.0.2.1"));
        assert_ne!(of("a", "192.0.2.1"), of("a", "192.0.2.2"));
        assert_eq!(of("a", "192.0.2.1").len(), 16);
    }
}
