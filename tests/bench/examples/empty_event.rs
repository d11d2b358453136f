//! A function without a route that does nothing: the floor of a consumer's invocation.

use std::convert::Infallible;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        drop(event);
        Ok::<_, Infallible>(json!({"batchItemFailures": []}))
    }))
    .await
}
