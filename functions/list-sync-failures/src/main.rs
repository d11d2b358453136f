//! The function `list-sync-failures`.

use crosswalk::{Need, entry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    entry::http(&[Need::PostgreSql, Need::Redis, Need::VerificationKeys], list_sync_failures::handle).await
}
