//! Secrets, from Secrets Manager and from nowhere else, kept for a while per instance.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::{Stage, Versions};
use crate::error::{Error, Result};
use crate::telemetry::{self, Measure};

/// A secret is read again after this long, so that a rotation reaches every instance.
pub const TTL: Duration = Duration::from_mins(5);

/// A caller who has reason to doubt a secret (a token names a key we don't know) may have it read again this often, and
/// while Secrets Manager is away it is tried no oftener.
pub const REFRESH_AT_MOST_EVERY: Duration = Duration::from_secs(10);

/// A store that refuses a secret is a reason that no caller can make up.
const REFUSED_AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// Secrets Manager, and what it said.
#[derive(Debug, Default)]
pub struct Secrets {
    client: OnceCell<Client>,
    kept: Mutex<HashMap<(String, Stage), Kept>>,
}

/// What a label was on; nothing, if it was on none.
#[derive(Debug, Clone)]
struct Kept {
    text: Option<Arc<Text>>,
    read_at: Instant,
    failed_at: Option<Instant>,
}

/// A secret as it came, and as who asks with every request wants it.
struct Text {
    json: String,
    parsed: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Secrets {
    /// The secret, parsed from its JSON. What was read within the last five minutes is good enough.
    pub async fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        self.current(TTL, name).await
    }

    /// The same for who asks with every request: a text is parsed once.
    pub async fn shared<T: DeserializeOwned + Send + Sync + 'static>(&self, name: &str) -> Result<Arc<T>> {
        let text = self.not_older_than(TTL, name, Stage::Current).await?;
        if let Some(Ok(value)) = text.map(|text| text.shared()) {
            return Ok(value);
        }
        self.get(name).await.map(Arc::new)
    }

    /// Reads the secret, for who will ask for it. A failure is left for them.
    pub async fn warm(&self, name: &str) {
        drop(self.not_older_than(TTL, name, Stage::Current).await);
    }

    /// The secret, read again unless that was done within the last ten seconds.
    pub async fn refresh<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        self.current(REFRESH_AT_MOST_EVERY, name).await
    }

    /// The secret as it is now, for who was refused with the one that he had.
    pub async fn after_refusal<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        self.current(REFUSED_AT_MOST_EVERY, name).await
    }

    /// What the secret is about to become, if it is being rotated: what it opens may take that already.
    pub async fn pending<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let text = self.not_older_than(REFUSED_AT_MOST_EVERY, name, Stage::Pending).await?;
        text.map(|text| parse(&text.json)).transpose()
    }

    /// Its versions, for who rotates it.
    pub async fn versions(&self, name: &str) -> Versions {
        Versions::new(self.client.get_or_init(connect).await.clone(), name)
    }

    async fn current<T: DeserializeOwned>(&self, age: Duration, name: &str) -> Result<T> {
        let text = self.not_older_than(age, name, Stage::Current).await?;
        if let Some(Ok(value)) = text.map(|text| parse(&text.json)) {
            return Ok(value);
        }
        // Perhaps it had not been made yet when it was last read.
        let text = self.not_older_than(age.min(REFRESH_AT_MOST_EVERY), name, Stage::Current).await?;
        parse(&text.ok_or_else(|| Error::unavailable("Secrets Manager", format!("{name} has no value")))?.json)
    }

    async fn not_older_than(&self, age: Duration, name: &str, stage: Stage) -> Result<Option<Arc<Text>>> {
        let key = (name.to_owned(), stage);
        let kept = self.lock().get(&key).cloned();
        if let Some(kept) = &kept
            && (kept.read_at.elapsed() < age || kept.failed_at.is_some_and(|at| at.elapsed() < REFRESH_AT_MOST_EVERY))
        {
            return Ok(kept.text.clone());
        }
        // The SDK's future is large, and rarely needed: it is not carried in every request's.
        match (Box::pin(self.fetch(name, stage)).await, kept) {
            (Ok(text), _) => {
                let text = text.map(|json| Arc::new(Text { json, parsed: OnceLock::new() }));
                let kept = Kept { text: text.clone(), read_at: Instant::now(), failed_at: None };
                self.lock().insert(key, kept);
                Ok(text)
            }
            // An old secret is most likely still the right one; Secrets Manager being away stops nobody who has it.
            (Err(error), Some(kept)) => {
                self.lock().insert(key, Kept { failed_at: Some(Instant::now()), ..kept.clone() });
                telemetry::count(Measure::SecretRefreshFailures, 1);
                tracing::warn!(
                    secret = name,
                    error = error.chain(),
                    "the secret could not be read again; its last value stays in use"
                );
                Ok(kept.text)
            }
            (Err(error), None) => Err(error),
        }
    }

    async fn fetch(&self, name: &str, stage: Stage) -> Result<Option<String>> {
        if name.is_empty() {
            return Err(Error::internal("read a secret", "its name is not configured"));
        }
        let version = self.versions(name).await.labelled(stage).await?;
        Ok(version.map(|version| version.text))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(String, Stage), Kept>> {
        self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Text {
    fn shared<T: DeserializeOwned + Send + Sync + 'static>(&self) -> Result<Arc<T>> {
        if let Some(Ok(value)) = self.parsed.get().cloned().map(Arc::downcast) {
            return Ok(value);
        }
        let value = Arc::new(parse::<T>(&self.json)?);
        // Who wants another form of the same secret parses it each time.
        let _ = self.parsed.set(Arc::<T>::clone(&value));
        Ok(value)
    }
}

/// Whoever prints an instance prints no secret.
impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Text").finish_non_exhaustive()
    }
}

/// Whatever Secrets Manager said instead of an answer. It never quotes a secret.
pub(super) fn no_answer(name: &str, error: impl std::error::Error) -> Error {
    Error::unavailable("Secrets Manager", format!("secret {name}: {}", DisplayErrorContext(error)))
}

async fn connect() -> Client {
    Client::new(&super::aws().await)
}

/// A secret, from its JSON.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    // serde's message could quote the secret; it stays out of the log.
    serde_json::from_str(text).map_err(|error| {
        Error::internal("read a secret", format!("its JSON is not of the expected form (column {})", error.column()))
    })
}
