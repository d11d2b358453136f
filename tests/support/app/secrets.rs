//! An application's secrets, in the real Secrets Manager of the local services.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::create_secret::CreateSecretError;
use crosswalk::auth::SigningKeySecret;
use crosswalk::db::Credentials;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::log;

/// The secrets of one application.
pub struct Secrets {
    prefix: String,
    /// The key that tokens are signed with, as it was stored.
    pub signing_key: SigningKeySecret,
    /// Its public half.
    pub public_key: Value,
    /// All that was stored, as it was last.
    stored: Mutex<BTreeMap<String, Value>>,
}

impl Secrets {
    pub(super) async fn store(credentials: &Credentials, redis_url: &str) -> Self {
        let (signing_key, public_key) =
            SigningKeySecret::generate().unwrap_or_else(|error| panic!("no key: {}", error.chain()));
        let prefix = format!("test/{}", Uuid::now_v7().simple());
        let secrets = Self { prefix, signing_key, public_key, stored: Mutex::default() };
        log::never(&secrets.signing_key.private_key);
        let database = json!({
            "host": credentials.host,
            "port": credentials.port,
            "dbname": credentials.dbname,
            "username": credentials.username,
            "password": credentials.password,
        });
        secrets.put("database", &database).await;
        secrets.put("redis", &json!({"url": redis_url})).await;
        secrets.put("signing-key", &serde_json::to_value(&secrets.signing_key).expect("it is plain data")).await;
        secrets.put("verification-keys", &json!({"keys": [secrets.public_key]})).await;
        secrets
    }

    /// The variables that name them.
    pub(super) fn names(&self) -> Vec<(String, String)> {
        [
            ("CROSSWALK_DATABASE_SECRET", "database"),
            ("CROSSWALK_REDIS_SECRET", "redis"),
            ("CROSSWALK_SIGNING_KEY_SECRET", "signing-key"),
            ("CROSSWALK_VERIFICATION_KEYS_SECRET", "verification-keys"),
        ]
        .into_iter()
        .map(|(variable, name)| (variable.to_owned(), self.name(name)))
        .collect()
    }

    /// A secret's full name.
    pub fn name(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }

    /// The value of a secret that a label is on, if it is on one.
    ///
    /// # Panics
    ///
    /// When the value isn't JSON.
    pub async fn labelled(&self, name: &str, stage: &str) -> Option<Value> {
        let read = client().await.get_secret_value().secret_id(self.name(name)).version_stage(stage).send().await;
        let text = read.ok()?.secret_string?;
        Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("the secret {name} is not JSON: {error}")))
    }

    /// Stores a secret, or a new value of it.
    ///
    /// # Panics
    ///
    /// When Secrets Manager refuses.
    pub async fn put(&self, name: &str, value: &Value) {
        self.stored().insert(name.to_owned(), value.clone());
        let (client, name, text) = (client().await, self.name(name), value.to_string());
        let created = client.create_secret().name(&name).secret_string(&text).send().await;
        let Err(error) = created else { return };
        let exists = error.as_service_error().is_some_and(CreateSecretError::is_resource_exists_exception);
        assert!(exists, "the secret {name} was not stored: {error:?}");
        let stored = client.put_secret_value().secret_id(&name).secret_string(text).send().await;
        stored.unwrap_or_else(|error| panic!("the secret {name} was not stored: {error:?}"));
    }

    /// Stores all of them once more. `LocalStack` forgets them when it ends, which Secrets Manager never does.
    pub async fn put_back(&self) {
        let stored = self.stored().clone();
        for (name, value) in stored {
            self.put(&name, &value).await;
        }
    }

    fn stored(&self) -> MutexGuard<'_, BTreeMap<String, Value>> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every test has a runtime of its own, and a client's connections belong to one: it is made for each call.
async fn client() -> Client {
    Client::new(&crosswalk::config::aws().await)
}
