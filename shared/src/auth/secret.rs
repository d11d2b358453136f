//! Client secrets: 256 random bits, stored as their SHA-256, compared in constant time.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A client's secret. It is shown once, when it is made.
#[derive(Clone)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// A new secret.
    ///
    /// # Panics
    /// If the operating system has no randomness to give.
    pub fn generate() -> Self {
        let mut bits = [0_u8; 32];
        aws_lc_rs::rand::fill(&mut bits).expect("the system's random numbers");
        Self(URL_SAFE_NO_PAD.encode(bits))
    }

    /// A secret that a caller presents.
    pub fn presented(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub fn sha256(&self) -> [u8; 32] {
        digest(&SHA256, self.0.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes")
    }

    /// Whether it is the one of which this is stored, found out in the same time whatever the answer.
    pub fn matches(&self, stored_sha256: &[u8]) -> bool {
        verify_slices_are_equal(&self.sha256(), stored_sha256).is_ok()
    }
}

impl std::fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}
