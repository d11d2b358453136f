//! The signature of `AcmeCRM`'s webhooks.

use std::fmt::Write;

use aws_lc_rs::hmac;

/// The value of `X-Acme-Signature`: HMAC-SHA256 over the value of `X-Acme-Timestamp` and the body as it is sent.
pub fn signature(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()));
    context.update(timestamp.as_bytes());
    context.update(body);
    context.sign().as_ref().iter().fold("sha256=".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::signature;

    /// Made with `printf '2026-01-02T03:04:05.000006Z{"a":1}' | openssl dgst -sha256 -hmac secret`.
    #[test]
    fn signature_equals_that_of_openssl() {
        let made = signature("secret", "2026-01-02T03:04:05.000006Z", br#"{"a":1}"#);
        assert_eq!(made, "sha256=8a75b0946c54c5701caad1502806880b40b57f15f132e02e20bc1a2e61ddc295");
    }
}
