//! Rotating secrets, in the four steps that Secrets Manager asks for one after the other
//! (<https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html>).
//!
//! Each step may be asked for again, after it was done or after it died anywhere, and then comes to the same end.

mod database_password;
mod signing_key;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::app::App;
use crate::config::{Stage, Versions, secrets};
use crate::error::{Error, Result};
use crate::telemetry::{self, Measure};

/// Does one step of replacing the key that signs access tokens.
pub async fn rotate_signing_key(app: &App, request: &Request) -> Result<()> {
    counted(signing_key::rotate(app, request).await)
}

/// Does one step of replacing the password of the functions' role.
pub async fn rotate_database_password(app: &App, request: &Request) -> Result<()> {
    counted(database_password::rotate(app, request).await)
}

fn counted(outcome: Result<()>) -> Result<()> {
    telemetry::count(Measure::RotationFailures, u64::from(outcome.is_err()));
    outcome
}

/// What Secrets Manager asks for.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Request {
    /// The secret.
    pub secret_id: String,
    /// The id that its new version has.
    pub client_request_token: String,
    /// What is to be done.
    pub step: Step,
}

impl Request {
    /// Reads an event.
    pub fn read(event: Value) -> Result<Self> {
        serde_json::from_value(event).map_err(|error| Error::internal("read the request for a rotation", error))
    }
}

/// The steps, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Step {
    /// Makes a new version, which nobody uses yet.
    #[serde(rename = "createSecret")]
    Create,
    /// Has it accepted where it is to be used.
    #[serde(rename = "setSecret")]
    Set,
    /// Tries it there.
    #[serde(rename = "testSecret")]
    Test,
    /// Lets it be the version in use.
    #[serde(rename = "finishSecret")]
    Finish,
}

/// The rotation of a secret to one new version.
#[derive(Debug)]
struct Rotation {
    versions: Versions,
    id: String,
}

impl Rotation {
    async fn of(app: &App, request: &Request) -> Self {
        let versions = app.secrets.versions(&request.secret_id).await;
        Self { versions, id: request.client_request_token.clone() }
    }

    /// Whether the new version is the one in use, so that nothing is left to do for it.
    async fn is_over(&self) -> Result<bool> {
        Ok(self.versions.id(Stage::Current).await?.as_ref() == Some(&self.id))
    }

    /// Stores a new version, made from the one in use. If there is one for this rotation, that is the one.
    async fn create<T: Serialize>(&self, make: impl AsyncFnOnce() -> Result<T>) -> Result<()> {
        let pending = self.versions.id(Stage::Pending).await?;
        if pending.as_ref() == Some(&self.id) && self.versions.labelled(Stage::Pending).await?.is_some() {
            return Ok(());
        }
        let text = serde_json::to_string(&make().await?);
        let text = text.map_err(|error| Error::internal("make a secret", error))?;
        self.versions.prepare(&self.id, text).await
    }

    /// The new version. It must be that of this rotation: an older request may arrive late.
    async fn pending<T: DeserializeOwned>(&self) -> Result<T> {
        let pending = self.versions.id(Stage::Pending).await?;
        if pending.as_ref() != Some(&self.id) {
            return Err(Error::internal("rotate a secret", format!("the version {} is not pending", self.id)));
        }
        let version = self.versions.labelled(Stage::Pending).await?;
        let version = version.ok_or_else(|| Error::internal("rotate a secret", "its new version was not made"))?;
        secrets::parse(&version.text)
    }

    /// Lets the new version be the one in use.
    async fn finish(&self) -> Result<()> {
        self.versions.promote(&self.id).await
    }
}
