//! The key that signs access tokens. Its public half is published before it signs. Once another key signs it is
//! published with the time of its retirement, after which it is refused as soon as its last tokens have expired.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Request, Rotation, Step};
use crate::app::App;
use crate::auth::{self, RETIRED_AT, SigningKeySecret, Verifier};
use crate::config::secrets::{self, REFRESH_AT_MOST_EVERY};
use crate::config::{Secrets, Stage};
use crate::error::Result;

/// From its publication until a key may sign. An instance that meets an unknown key reads the keys again unless it did a
/// moment ago; so whoever meets this one has it, or may look.
const SPREADING: Duration = Duration::from_secs(REFRESH_AT_MOST_EVERY.as_secs() + 2);

/// Does one step.
pub async fn rotate(app: &App, request: &Request) -> Result<()> {
    let rotation = Rotation::of(app, request).await;
    match request.step {
        Step::Finish => finish(app, &rotation).await,
        _ if rotation.is_over().await? => Ok(()),
        Step::Create => rotation.create(async || Ok(SigningKeySecret::generate()?.0)).await,
        Step::Set => {
            rotation.pending::<SigningKeySecret>().await?;
            publish(app, &rotation, &[Stage::Pending, Stage::Current, Stage::Previous]).await
        }
        Step::Test => test(app, &rotation.pending().await?).await,
    }
}

/// Signs a token and verifies it as every other function would.
async fn test(app: &App, key: &SigningKeySecret) -> Result<()> {
    let settings = &app.config.tokens;
    let token = auth::issue(settings, &key.ready()?, ("rotation", "rotation"), String::new(), None, None)?;
    // Secrets of its own, for nothing that was read before may answer.
    let verifier = Verifier::new(settings, Arc::new(Secrets::default()));
    verifier.verify(&token.token).await.map(drop)
}

async fn finish(app: &App, rotation: &Rotation) -> Result<()> {
    if !rotation.is_over().await? {
        rotation.pending::<SigningKeySecret>().await?;
        tokio::time::sleep(SPREADING.saturating_sub(published_for(app).await?)).await;
        rotation.finish().await?;
    }
    // The key before the previous one goes: it has not signed since the last rotation.
    publish(app, rotation, &[Stage::Current, Stage::Previous]).await
}

/// How long ago the keys were published.
async fn published_for(app: &App) -> Result<Duration> {
    let published = app.secrets.versions(&app.config.tokens.verification_keys_secret).await;
    Ok(published.labelled(Stage::Current).await?.map_or(Duration::ZERO, |version| version.age()))
}

/// Publishes the public halves of these versions and no others. What is published already is not published again.
async fn publish(app: &App, rotation: &Rotation, stages: &[Stage]) -> Result<()> {
    let published = app.secrets.versions(&app.config.tokens.verification_keys_secret).await;
    let before = published.labelled(Stage::Current).await?;
    let before = before.and_then(|version| secrets::parse::<Value>(&version.text).ok());
    let mut keys: Vec<Value> = Vec::new();
    for stage in stages {
        let version = rotation.versions.labelled(*stage).await?;
        // A secret that has never held a key is not an obstacle to its first one.
        let Some(Ok(secret)) = version.map(|version| secrets::parse::<SigningKeySecret>(&version.text)) else {
            continue;
        };
        let mut public = secret.public()?;
        if keys.iter().any(|key| key["kid"] == public["kid"]) {
            continue;
        }
        if *stage == Stage::Previous {
            let known = before.as_ref().and_then(|before| retired_at(before, &secret.kid));
            public[RETIRED_AT] = json!(known.unwrap_or_else(|| Timestamp::now().as_second()));
        }
        keys.push(public);
    }
    let keys = json!({"keys": keys});
    if before.as_ref() == Some(&keys) { Ok(()) } else { published.replace(keys.to_string()).await }
}

/// When a key was retired, if it was published so.
fn retired_at(published: &Value, kid: &str) -> Option<i64> {
    let keys = published["keys"].as_array()?;
    keys.iter().find(|key| key["kid"] == kid)?[RETIRED_AT].as_i64()
}
