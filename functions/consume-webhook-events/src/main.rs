//! The function `consume-webhook-events`.

use crosswalk::{Need, entry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    entry::event(&[Need::PostgreSql, Need::Redis], consume_webhook_events::handle).await
}
