//! The function `list-signing-keys`.

use crosswalk::{Need, entry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    entry::http(&[Need::VerificationKeys], list_signing_keys::handle).await
}
