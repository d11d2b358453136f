//! Writes contacts to the CRMs of their tenants. A record of the topic says only that one may have to be written; it may come
//! late, or twice.

use crosswalk::clock::End;
use crosswalk::config::Crms;
use crosswalk::events::kafka;
use crosswalk::sync::{self, Pusher};
use crosswalk::{App, Result};
use lambda_http::lambda_runtime::LambdaEvent;
use serde_json::Value;
use tokio::sync::OnceCell;

/// What this instance writes with: its connections live from one batch to the next.
static CONSUMER: OnceCell<Consumer> = OnceCell::const_new();

/// Writes the contacts of a batch of records.
pub async fn handle(app: &App, event: LambdaEvent<Value>) -> Result<Value> {
    let consumer = CONSUMER.get_or_try_init(|| async { Consumer::new(&app.config.crms) }).await?;
    consumer.consume(app, event).await
}

/// What stays between batches.
#[derive(Debug)]
pub struct Consumer(Pusher);

impl Consumer {
    /// A consumer that treats CRMs by these settings. It connects nothing yet.
    pub fn new(settings: &Crms) -> Result<Self> {
        Pusher::new(settings).map(Self)
    }

    /// Writes the contacts of a batch of records.
    pub async fn consume(&self, app: &App, event: LambdaEvent<Value>) -> Result<Value> {
        // Each connection has less time than this; it only matters when many have much to do.
        let end = End::after(app.config.crms.push * 4, event.context.deadline);
        let records = kafka::records(&event.payload);
        let pushed = sync::consume(app, &self.0, &records, &end).await;
        kafka::reply(pushed.map(drop), &records, app.config.consumers.item_failures)
    }
}
