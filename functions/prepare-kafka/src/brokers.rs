//! Where the brokers are.

use aws_sdk_kafka::Client;
use aws_sdk_kafka::error::DisplayErrorContext;
use crosswalk::config::aws;
use crosswalk::{Error, Result};

use crate::settings::Settings;

/// Those of the settings, else those that Amazon MSK names for IAM.
pub async fn of(settings: &Settings) -> Result<String> {
    if !settings.brokers.is_empty() {
        return Ok(settings.brokers.clone());
    }
    let client = Client::new(&Box::pin(aws()).await);
    let answer = Box::pin(client.get_bootstrap_brokers().cluster_arn(&settings.cluster).send()).await;
    let answer = answer.map_err(|error| Error::unavailable("Amazon MSK", DisplayErrorContext(error).to_string()))?;
    let none = || Error::internal("find the brokers", "the cluster has no IAM access control");
    answer.bootstrap_broker_string_sasl_iam.ok_or_else(none)
}
