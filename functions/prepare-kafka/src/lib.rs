//! Finds the brokers of an MSK cluster and makes the topics that are not there. It runs on deploy, because no resource of
//! `CloudFormation` does either for MSK Serverless; running it again changes nothing.
//!
//! librdkafka's bindings can't log in as an IAM role for anything but records, so the few requests are made here, by the
//! protocol.

mod brokers;
mod settings;
mod topics;
mod wire;

use crosswalk::config::Env;
use crosswalk::{App, Error, Result, entry};
use lambda_http::lambda_runtime::LambdaEvent;
use serde_json::{Value, json};

pub use settings::{Auth, Settings};

/// Answers the brokers, as `Brokers`.
pub async fn handle(_: &App, event: LambdaEvent<Value>) -> Result<Value> {
    entry::deploy(event, "kafka", || async {
        let settings = Settings::read(&Env::process());
        let settings = settings.map_err(|error| Error::internal("read the settings of Kafka", error))?;
        Box::pin(prepare(&settings)).await.map(|brokers| json!({"Brokers": brokers}))
    })
    .await
}

/// Makes what topics are missing, and answers the brokers.
pub async fn prepare(settings: &Settings) -> Result<String> {
    let brokers = brokers::of(settings).await?;
    topics::make(settings, &brokers).await?;
    Ok(brokers)
}
