//! The function `check-health`.

use crosswalk::{Need, entry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    entry::http(&[Need::PostgreSql, Need::Redis], check_health::handle).await
}
