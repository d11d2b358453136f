//! The function `consume-contact-events`.

use crosswalk::{Need, entry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    entry::event(&[Need::PostgreSql, Need::Redis], consume_contact_events::handle).await
}
