//! Brings the schema to its newest version and the functions' role to what it must be. It runs on deploy, as the
//! schema's owner, and a deployment fails when it does; running it again changes nothing.

use crosswalk::{App, Result, entry, schema};
use lambda_http::lambda_runtime::LambdaEvent;
use serde_json::{Value, json};

/// Answers the names of the migrations that were run.
pub async fn handle(app: &App, event: LambdaEvent<Value>) -> Result<Value> {
    entry::deploy(event, "schema", || async {
        let applied = schema::migrate(app).await?;
        Ok(json!({"applied": applied}))
    })
    .await
}
