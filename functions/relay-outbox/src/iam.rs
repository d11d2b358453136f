//! Tokens for Amazon MSK's IAM access control: the function's role, signed into an OAUTHBEARER token.

use std::error::Error;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_msk_iam_sasl_signer::generate_auth_token_from_credentials_provider;
use crosswalk::config::aws;
use rdkafka::client::OAuthToken;
use tokio::runtime::Handle;
use tokio::sync::OnceCell;
use tokio::time::timeout;

/// Credentials come from the environment on Lambda; anywhere else fetching them may take a moment.
const PATIENCE: Duration = Duration::from_secs(10);

/// Signs tokens.
#[derive(Debug)]
pub struct Signer {
    runtime: Handle,
    sdk: OnceCell<SdkConfig>,
}

impl Signer {
    /// A signer that uses the runtime it is made on.
    pub fn new() -> Self {
        Self { runtime: Handle::current(), sdk: OnceCell::new() }
    }

    /// A token for the next fifteen minutes. It blocks, and so belongs on the producer's own thread.
    pub fn token(&self) -> Result<OAuthToken, Box<dyn Error>> {
        self.runtime.block_on(async { timeout(PATIENCE, self.sign()).await.map_err(|_| "no credentials in time")? })
    }

    async fn sign(&self) -> Result<OAuthToken, Box<dyn Error>> {
        let sdk = self.sdk.get_or_init(aws).await;
        let region = sdk.region().ok_or("no region: set AWS_REGION")?;
        let credentials = sdk.credentials_provider().ok_or("no source of AWS credentials is configured")?;
        let (token, lifetime_ms) = generate_auth_token_from_credentials_provider(region.clone(), credentials).await?;
        // MSK reads who we are from the token; librdkafka only wants a name that isn't empty.
        Ok(OAuthToken { token, principal_name: "crosswalk".to_owned(), lifetime_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::{PATIENCE, Signer};
    use aws_config::{BehaviorVersion, Region, SdkConfig};
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use std::time::{SystemTime, UNIX_EPOCH};
    use tokio::runtime::Handle;
    use tokio::sync::OnceCell;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_token_is_a_signed_request_to_connect() {
        let credentials = Credentials::new("AKIAEXAMPLE", "secret", None, None, "test");
        let sdk = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let signer = Signer { runtime: Handle::current(), sdk: OnceCell::new_with(Some(sdk)) };
        // The producer asks from a thread of its own.
        let token = std::thread::spawn(move || signer.token().unwrap()).join().unwrap();

        let request = String::from_utf8(URL_SAFE_NO_PAD.decode(token.token).unwrap()).unwrap();
        assert!(request.starts_with("https://kafka.eu-central-1.amazonaws.com/?Action=kafka-cluster%3AConnect"));
        assert!(request.contains("AKIAEXAMPLE") && request.contains("X-Amz-Signature="), "{request}");
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let expires = i64::try_from((now + PATIENCE).as_millis()).unwrap();
        assert!(token.lifetime_ms > expires, "it outlives being fetched");
    }
}
