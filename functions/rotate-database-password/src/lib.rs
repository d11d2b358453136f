//! Replaces the password of the role that the functions work as. Secrets Manager asks for it, step by step.

use crosswalk::rotation::{self, Request};
use crosswalk::{App, Result};
use lambda_http::lambda_runtime::LambdaEvent;
use serde_json::Value;

/// Does the step that the event names.
pub async fn handle(app: &App, event: LambdaEvent<Value>) -> Result<()> {
    let request = Request::read(event.payload)?;
    rotation::rotate_database_password(app, &request).await
}
