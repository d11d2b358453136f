//! The function `purge-expired`.

use crosswalk::{Need, entry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    entry::event(&[Need::PostgreSql], purge_expired::handle).await
}
