//! Brings the schema to its newest version and the functions' role to what it must be. It runs on deploy, as the
//! schema's owner; running it again changes nothing.

use crosswalk::{App, Result, schema};
use lambda_http::lambda_runtime::LambdaEvent;
use serde_json::{Value, json};

/// Answers the names of the migrations that were run.
pub async fn handle(app: &App, _: LambdaEvent<Value>) -> Result<Value> {
    let applied = schema::migrate(app).await?;
    Ok(json!({"applied": applied}))
}
