//! The versions of a secret, and the labels that say which one is which
//! (<https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html>).
//!
//! The SDK's futures are large: none is carried in its caller's.

use std::time::{Duration, SystemTime};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_sdk_secretsmanager::operation::put_secret_value::PutSecretValueError;

use super::secrets::no_answer;
use crate::error::{Error, Result};

/// A label. Secrets Manager knows it as its staging label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// What is in use.
    Current,
    /// What is about to be.
    Pending,
    /// What was in use before.
    Previous,
}

/// A secret with all its versions.
#[derive(Debug)]
pub struct Versions {
    client: Client,
    secret: String,
}

/// The text of a version, and when it was stored.
#[derive(Debug, Clone)]
pub struct Version {
    /// Its text.
    pub text: String,
    stored_at: SystemTime,
}

impl Stage {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Current => "AWSCURRENT",
            Self::Pending => "AWSPENDING",
            Self::Previous => "AWSPREVIOUS",
        }
    }
}

impl Version {
    /// How long ago it was stored, by our clock.
    pub fn age(&self) -> Duration {
        self.stored_at.elapsed().unwrap_or_default()
    }
}

impl Versions {
    pub(super) fn new(client: Client, secret: &str) -> Self {
        Self { client, secret: secret.to_owned() }
    }

    /// The version that a label is on, if it is on one and that has a value.
    pub async fn labelled(&self, stage: Stage) -> Result<Option<Version>> {
        let read = self.client.get_secret_value().secret_id(&self.secret).version_stage(stage.as_str());
        match Box::pin(read.send()).await {
            Ok(value) => {
                let stored_at = value.created_date.and_then(|at| at.try_into().ok()).unwrap_or_else(SystemTime::now);
                Ok(value.secret_string.map(|text| Version { text, stored_at }))
            }
            Err(error)
                if error.as_service_error().is_some_and(GetSecretValueError::is_resource_not_found_exception) =>
            {
                Ok(None)
            }
            Err(error) => Err(no_answer(&self.secret, error)),
        }
    }

    /// The id of the version that a label is on.
    pub async fn id(&self, stage: Stage) -> Result<Option<String>> {
        let described = Box::pin(self.client.describe_secret().secret_id(&self.secret).send()).await;
        let described = described.map_err(|error| match error.as_service_error() {
            Some(DescribeSecretError::ResourceNotFoundException(_)) => {
                Error::internal("rotate a secret", format!("there is no {}", self.secret))
            }
            _ => no_answer(&self.secret, error),
        })?;
        let versions = described.version_ids_to_stages.unwrap_or_default();
        let labelled = |labels: &Vec<String>| labels.iter().any(|label| label == stage.as_str());
        Ok(versions.into_iter().find(|(_, labels)| labelled(labels)).map(|(id, _)| id))
    }

    /// Stores a version that is about to be used. One that has this id already stays as it is.
    pub async fn prepare(&self, id: &str, text: String) -> Result<()> {
        let put = self.client.put_secret_value().secret_id(&self.secret).client_request_token(id);
        match Box::pin(put.version_stages(Stage::Pending.as_str()).secret_string(text).send()).await {
            Ok(_) => Ok(()),
            // Whoever was faster, or died after this, has made it.
            Err(error) if error.as_service_error().is_some_and(PutSecretValueError::is_resource_exists_exception) => {
                Ok(())
            }
            Err(error) => Err(no_answer(&self.secret, error)),
        }
    }

    /// Stores a version that is used from now on.
    pub async fn replace(&self, text: String) -> Result<()> {
        let put = self.client.put_secret_value().secret_id(&self.secret).secret_string(text);
        Box::pin(put.send()).await.map(drop).map_err(|error| no_answer(&self.secret, error))
    }

    /// Lets the version of this id be the one in use. Its predecessor becomes the previous one.
    pub async fn promote(&self, id: &str) -> Result<()> {
        let current = self.id(Stage::Current).await?;
        if current.as_deref() == Some(id) {
            return Ok(());
        }
        let promotion = self
            .client
            .update_secret_version_stage()
            .secret_id(&self.secret)
            .version_stage(Stage::Current.as_str())
            .move_to_version_id(id)
            .set_remove_from_version_id(current);
        Box::pin(promotion.send()).await.map(drop).map_err(|error| no_answer(&self.secret, error))
    }
}
