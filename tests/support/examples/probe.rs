//! A function that does what its event says, for the tests of the Runtime API itself.

use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Error> {
    if let Ok(reason) = std::env::var("PROBE_REFUSES_TO_START") {
        return Err(reason.into());
    }
    run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (wanted, context) = event.into_parts();
    eprintln!("asked for {wanted}");
    if let Some(reason) = wanted["fail"].as_str() {
        return Err(reason.into());
    }
    if let Some(status) = wanted["exit"].as_i64() {
        std::process::exit(i32::try_from(status)?);
    }
    if wanted["hang"] == true {
        std::future::pending::<()>().await;
    }
    let remaining = context.deadline().duration_since(std::time::SystemTime::now()).unwrap_or(Duration::ZERO);
    Ok(json!({
        "echo": wanted["echo"],
        "pid": std::process::id(),
        "requestId": context.request_id,
        "functionArn": context.invoked_function_arn,
        "traceId": context.xray_trace_id,
        "remainingMs": remaining.as_millis(),
        "environment": std::env::vars().map(|(name, _)| name).collect::<Vec<_>>(),
    }))
}
