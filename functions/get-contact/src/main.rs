//! The function `get-contact`.

use crosswalk::{Need, entry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    entry::http(&[Need::Redis, Need::VerificationKeys], get_contact::handle).await
}
