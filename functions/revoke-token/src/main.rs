//! The function `revoke-token`.

use crosswalk::{Need, entry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    entry::http(&[Need::PostgreSql, Need::Redis, Need::VerificationKeys], revoke_token::handle).await
}
