//! One attempt: signing and sending.

use std::error::Error;
use std::fmt::Write as _;

use aws_lc_rs::hmac;
use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response};

use super::Delivery;
use crate::settings::Webhook;
use crate::time;

/// The value of `X-Acme-Signature`: HMAC-SHA256 over the value of `X-Acme-Timestamp` and the body as it is sent.
pub fn signature(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(timestamp.as_bytes());
    context.update(body);
    let mut signature = "sha256=".to_owned();
    for byte in context.sign().as_ref() {
        let _ = write!(signature, "{byte:02x}");
    }
    signature
}

/// Sends a webhook, signed anew.
pub(super) async fn send(client: &Client, webhook: &Webhook, delivery: &Delivery) -> reqwest::Result<Response> {
    let forgery = &delivery.forgery;
    let timestamp = forgery.signature_timestamp.clone().unwrap_or_else(|| time::text(Timestamp::now()));
    let secret = forgery.secret.as_ref().unwrap_or(&webhook.secret);
    let signature =
        forgery.signature.clone().unwrap_or_else(|| signature(secret, &timestamp, delivery.body.as_bytes()));
    let request = client
        .post(&webhook.url)
        .header(CONTENT_TYPE, "application/json")
        .header("X-Acme-Timestamp", timestamp)
        .header("X-Acme-Signature", signature);
    request.body(delivery.body.clone()).send().await
}

/// Why there is no answer. reqwest's own message says little; the innermost cause names the fault.
pub(super) fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::signature;

    /// Made with `printf '2026-01-02T03:04:05.000006Z{"a":1}' | openssl dgst -sha256 -hmac secret`.
    #[test]
    fn a_signature_is_what_openssl_says() {
        let made = signature("secret", "2026-01-02T03:04:05.000006Z", br#"{"a":1}"#);
        assert_eq!(made, "sha256=8a75b0946c54c5701caad1502806880b40b57f15f132e02e20bc1a2e61ddc295");
    }
}
