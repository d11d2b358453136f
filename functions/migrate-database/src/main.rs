//! The function `migrate-database`.

use crosswalk::entry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    entry::event(&[], migrate_database::handle).await
}
