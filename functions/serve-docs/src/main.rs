//! The function `serve-docs`.

use crosswalk::entry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    entry::http(&[], serve_docs::handle).await
}
