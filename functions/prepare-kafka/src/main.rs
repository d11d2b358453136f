//! The function `prepare-kafka`.

use crosswalk::entry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    entry::event(&[], prepare_kafka::handle).await
}
