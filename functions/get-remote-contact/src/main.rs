//! The function `get-remote-contact`.

use crosswalk::{Need, entry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    entry::http(&[Need::PostgreSql, Need::Redis, Need::VerificationKeys], get_remote_contact::handle).await
}
