//! Where the brokers are.

use aws_sdk_kafka::Client;
use aws_sdk_kafka::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_kafka::operation::get_bootstrap_brokers::GetBootstrapBrokersError;
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
    let answer = answer.map_err(failed)?;
    let none = || Error::internal("find the brokers", "the cluster has no IAM access control");
    answer.bootstrap_broker_string_sasl_iam.ok_or_else(none)
}

/// A request that names no cluster stays wrong. Anything else may pass: throttling, or a permission that has not spread.
fn failed(error: SdkError<GetBootstrapBrokersError>) -> Error {
    let wrong = matches!(error.code(), Some("BadRequestException" | "NotFoundException"));
    let cause = DisplayErrorContext(error).to_string();
    if wrong { Error::internal("find the brokers", cause) } else { Error::unavailable("Amazon MSK", cause) }
}
