//! The function `receive-webhook`.

use crosswalk::{Need, entry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    entry::http(&[Need::PostgreSql, Need::Redis], receive_webhook::handle).await
}
