//! The function `rotate-signing-key`.

use crosswalk::entry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    entry::event(&[], rotate_signing_key::handle).await
}
