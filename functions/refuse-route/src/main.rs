//! The function `refuse-route`.

use crosswalk::entry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    entry::http(&[], refuse_route::handle).await
}
