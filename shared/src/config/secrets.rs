//! Secrets, from Secrets Manager and from nowhere else, kept for a while per instance.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use crate::error::{Error, Result};

/// A secret is read again after this long, so that a rotation reaches every instance.
const TTL: Duration = Duration::from_mins(5);

/// A caller who has reason to doubt a secret (a token names a key we don't know) may have it read again this often, and
/// while Secrets Manager is away it is tried no oftener.
const REFRESH_AT_MOST_EVERY: Duration = Duration::from_secs(10);

/// Secrets Manager, and what it said.
#[derive(Debug, Default)]
pub struct Secrets {
    client: OnceCell<Client>,
    kept: Mutex<HashMap<String, Kept>>,
}

#[derive(Debug, Clone)]
struct Kept {
    text: String,
    read_at: Instant,
    tried_at: Instant,
}

impl Secrets {
    /// The secret, parsed from its JSON. What was read within the last five minutes is good enough.
    pub async fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        self.not_older_than(TTL, name).await
    }

    /// The secret, read again unless that was done within the last ten seconds.
    pub async fn refresh<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        self.not_older_than(REFRESH_AT_MOST_EVERY, name).await
    }

    async fn not_older_than<T: DeserializeOwned>(&self, age: Duration, name: &str) -> Result<T> {
        let kept = self.lock().get(name).cloned();
        if let Some(kept) = &kept
            && (kept.read_at.elapsed() < age || kept.tried_at.elapsed() < REFRESH_AT_MOST_EVERY)
        {
            return parse(&kept.text);
        }
        // The SDK's future is large, and rarely needed: it is not carried in every request's.
        match (Box::pin(self.fetch(name)).await, kept) {
            (Ok(text), _) => {
                let now = Instant::now();
                self.lock().insert(name.to_owned(), Kept { text: text.clone(), read_at: now, tried_at: now });
                parse(&text)
            }
            // An old secret is most likely still the right one; Secrets Manager being away stops nobody who has it.
            (Err(error), Some(kept)) => {
                self.lock().insert(name.to_owned(), Kept { tried_at: Instant::now(), ..kept.clone() });
                tracing::warn!(
                    secret = name,
                    error = error.chain(),
                    "secret not read again; the last one stays in use"
                );
                parse(&kept.text)
            }
            (Err(error), None) => Err(error),
        }
    }

    async fn fetch(&self, name: &str) -> Result<String> {
        if name.is_empty() {
            return Err(Error::internal("read a secret", "its name is not configured"));
        }
        let client = self.client.get_or_init(connect).await;
        let answer = client.get_secret_value().secret_id(name).send().await;
        let value = answer.map_err(|error| {
            Error::unavailable("Secrets Manager", format!("secret {name}: {}", DisplayErrorContext(error)))
        })?;
        value.secret_string.ok_or_else(|| Error::internal("read a secret", format!("{name} holds no text")))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The SDK's configuration: credentials, region and endpoint as the environment says.
pub async fn aws() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .operation_timeout(Duration::from_secs(5))
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts)
        .load()
        .await
}

async fn connect() -> Client {
    Client::new(&aws().await)
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    // serde's message could quote the secret; it stays out of the log.
    serde_json::from_str(text).map_err(|error| {
        Error::internal("read a secret", format!("its JSON is not of the expected form (column {})", error.column()))
    })
}
