//! The function `replay-sync-failure`.

use crosswalk::{Need, entry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    entry::http(&[Need::PostgreSql, Need::Redis, Need::VerificationKeys], replay_sync_failure::handle).await
}
