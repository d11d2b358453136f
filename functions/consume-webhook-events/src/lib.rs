//! Works webhooks. A record of the topic says only that one waits; it may come late, or twice.

use crosswalk::events::kafka;
use crosswalk::{App, Result, webhooks};
use lambda_http::lambda_runtime::LambdaEvent;
use serde_json::Value;

/// Works the webhooks of a batch of records.
pub async fn handle(app: &App, event: LambdaEvent<Value>) -> Result<Value> {
    let records = kafka::records(&event.payload);
    let worked = webhooks::consume(app, &records).await;
    kafka::reply(worked.map(drop), &records, app.config.consumers.item_failures)
}
