//! The secrets, in the local Secrets Manager. It forgets them when it stops, so they are stored at each start.

use anyhow::{Result, anyhow};
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use aws_sdk_secretsmanager::operation::create_secret::CreateSecretError;
use crosswalk::auth::SigningKeySecret;
use serde_json::{Value, json};

use crate::acme;
use crate::services::Services;

/// The role that the functions work as. Its password is no secret: the server listens on this machine alone.
const APP_ROLE: &str = "crosswalk_app";

/// Stores whatever is not there yet.
pub(crate) async fn store(services: &Services) -> Result<()> {
    let client = Client::new(&crosswalk::config::aws().await);
    let database = |user: &str, password: &str| {
        json!({
            "engine": "postgres",
            "host": services.database.host,
            "port": services.database.port,
            "dbname": services.database.name,
            "username": user,
            "password": password,
        })
    };
    put(&client, "crosswalk/local/database", &database(APP_ROLE, APP_ROLE)).await?;
    let owner = database(&services.database.user, &services.database.password);
    put(&client, "crosswalk/local/database-admin", &owner).await?;
    put(&client, "crosswalk/local/redis", &json!({"url": services.redis_url})).await?;
    put(&client, "crosswalk/local/connections/cn_acmelocal", &acme::secret()).await?;
    if !exists(&client, "crosswalk/local/signing-key").await {
        let (signing_key, public_key) = SigningKeySecret::generate().map_err(|error| anyhow!(error.chain()))?;
        // The public half first: whoever reads in between verifies a key that nobody signs with yet.
        put(&client, "crosswalk/local/verification-keys", &json!({"keys": [public_key]})).await?;
        put(&client, "crosswalk/local/signing-key", &serde_json::to_value(&signing_key)?).await?;
    }
    Ok(())
}

async fn exists(client: &Client, name: &str) -> bool {
    client.describe_secret().secret_id(name).send().await.is_ok()
}

async fn put(client: &Client, name: &str, value: &Value) -> Result<()> {
    let text = value.to_string();
    let created = client.create_secret().name(name).secret_string(&text).send().await;
    let Err(error) = created else { return Ok(()) };
    if !error.as_service_error().is_some_and(CreateSecretError::is_resource_exists_exception) {
        return Err(anyhow!("{name}: {}", DisplayErrorContext(error)));
    }
    let stored = client.put_secret_value().secret_id(name).secret_string(text).send().await;
    stored.map_err(|error| anyhow!("{name}: {}", DisplayErrorContext(error)))?;
    Ok(())
}
