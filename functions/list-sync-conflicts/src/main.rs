//! The function `list-sync-conflicts`.

use crosswalk::{Need, entry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    entry::http(&[Need::PostgreSql, Need::Redis, Need::VerificationKeys], list_sync_conflicts::handle).await
}
