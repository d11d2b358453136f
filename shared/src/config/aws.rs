//! The AWS SDK's configuration: credentials, region and endpoint as the environment says.

use std::env;
use std::ffi::OsString;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};

/// Who signs for AWS's own endpoints (<https://www.amazontrust.com/repository/>): all that they need. Reading the system's
/// hundred and more authorities would be half of what a function does before it asks for work.
const AMAZON: &str = include_str!("amazon_roots.pem");

/// The configuration.
pub async fn aws() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(5))
        .build();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts);
    match amazon_alone() {
        Some(trust) => {
            let tls = Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(trust);
            config.http_client(tls.build_https()).load().await
        }
        None => config.load().await,
    }
}

/// Trust in Amazon alone, unless the environment names endpoints, which may be anybody's.
fn amazon_alone() -> Option<TlsContext> {
    let elsewhere = |(name, url): (OsString, OsString)| {
        name.to_string_lossy().starts_with("AWS_ENDPOINT_URL") && url.to_string_lossy().starts_with("https:")
    };
    if env::vars_os().any(elsewhere) {
        return None;
    }
    TlsContext::builder().with_trust_store(TrustStore::empty().with_pem_certificate(AMAZON)).build().ok()
}
