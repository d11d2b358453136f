//! The function `rotate-database-password`.

use crosswalk::entry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    entry::event(&[], rotate_database_password::handle).await
}
