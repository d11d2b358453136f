//! Publishes what waits in the outbox.

use crosswalk::Need;

// Two workers: with MSK IAM, signing a token holds a thread of the producer until this runtime has the credentials.
#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), lambda_runtime::Error> {
    crosswalk::entry::event(&[Need::PostgreSql], relay_outbox::handle).await
}
