//! Access tokens: only those that we signed, for us and in their time, are good.

use std::sync::LazyLock;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use crosswalk::auth::{Claims, Presented, Refusal, SigningKeySecret, issue};
use crosswalk::config::Tokens;
use crosswalk::http::{Request, bearer_token};
use jsonwebtoken::jwk::JwkSet;
use lambda_http::http::header::{AUTHORIZATION, HeaderValue};
use serde_json::{Value, json};

use crate::laws::is_answered;

const KID: &str = "current";

/// The keys, ours and a stranger's, are the same each time; only the good token is of today.
static OURS: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap());
static STRANGER: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap());
static KEYS: LazyLock<JwkSet> =
    LazyLock::new(|| serde_json::from_value(json!({"keys": [secret(&OURS).public().unwrap()]})).unwrap());
static SETTINGS: LazyLock<Tokens> = LazyLock::new(|| Tokens {
    signing_key_secret: String::new(),
    verification_keys_secret: String::new(),
    issuer: "crosswalk".to_owned(),
    audience: "crosswalk".to_owned(),
    lifetime: Duration::from_hours(24),
});
static GOOD: LazyLock<String> = LazyLock::new(|| {
    let key = secret(&OURS).ready().unwrap();
    issue(&SETTINGS, &key, ("tn_one", "cl_one"), "contacts:read".to_owned(), None, None).unwrap().token
});

/// One line is what comes as `Authorization`. Of two lines a token is made and signed: its header, and its claims.
pub fn token(input: &[u8]) {
    match input.iter().position(|byte| *byte == b'\n') {
        Some(end) => only_ours_are_good(&input[..end], &input[end + 1..]),
        None => only_what_is_signed_is_good(input),
    }
    what_was_changed_is_refused(input);
}

fn only_what_is_signed_is_good(header: &[u8]) {
    let Ok(header) = HeaderValue::from_bytes(header) else { return };
    let mut request = Request::default();
    request.headers_mut().insert(AUTHORIZATION, header);
    match bearer_token(&request) {
        Ok(token) if verify(token).is_ok() => {
            let (signed, signature) = token.rsplit_once('.').unwrap();
            let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
            let key = UnparsedPublicKey::new(&ED25519, OURS.public_key());
            key.verify(signed.as_bytes(), &signature).expect("only what we signed is good");
        }
        Ok(_) => {}
        Err(error) => is_answered(&error, 401),
    }
}

fn only_ours_are_good(header: &[u8], claims: &[u8]) {
    if let Ok(taken) = verify(&sign(&OURS, header, claims)) {
        let header: Value = serde_json::from_slice(header).unwrap();
        assert_eq!((&header["alg"], &header["kid"]), (&json!("EdDSA"), &json!(KID)));
        let claims: Value = serde_json::from_slice(claims).unwrap();
        assert_eq!((&claims["iss"], &claims["aud"]), (&json!(SETTINGS.issuer), &json!(SETTINGS.audience)));
        assert_eq!((&claims["tenant"], &claims["sub"]), (&json!(taken.tenant), &json!(taken.sub)));
        let now = jiff::Timestamp::now().as_second();
        assert!(taken.exp > now - 1 && taken.iat <= now + 60 && claims["exp"] == taken.exp, "{claims}");
    }
    verify(&sign(&STRANGER, header, claims)).expect_err("another signed it");
}

fn what_was_changed_is_refused(input: &[u8]) {
    verify(&GOOD).expect("ours is good");
    let random = digest(&SHA256, input);
    let at = usize::from(u16::from_le_bytes([random.as_ref()[0], random.as_ref()[1]])) % GOOD.len();
    let (begin, rest) = GOOD.split_at(at);
    // The input's own text, as long as it may be, in place of as much, and between what was there.
    let text = String::from_utf8_lossy(input);
    let text: String = text.chars().take(1 + usize::from(random.as_ref()[2]) % 16).collect();
    let over = rest.get(text.len()..).unwrap_or_default();
    for changed in [format!("{begin}{text}{over}"), format!("{begin}{text}{rest}"), begin.to_owned()] {
        assert!(changed == *GOOD || verify(&changed).is_err(), "{changed}");
    }
}

fn verify(token: &str) -> Result<Claims, Refusal> {
    let presented = Presented::read(token).ok_or(Refusal::NotOurs)?;
    let key = KEYS.find(presented.kid()).ok_or(Refusal::NotOurs)?;
    presented.claims(key, &SETTINGS)
}

fn sign(key: &Ed25519KeyPair, header: &[u8], claims: &[u8]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes())))
}

fn secret(key: &Ed25519KeyPair) -> SigningKeySecret {
    let private_key = STANDARD.encode(key.to_pkcs8v1().unwrap().as_ref());
    SigningKeySecret { kid: KID.to_owned(), private_key }
}
