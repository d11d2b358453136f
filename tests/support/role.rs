//! A role of a test's own: roles belong to the whole server, where other tests are at work.

use tokio_postgres::NoTls;
use uuid::Uuid;

use crate::{background, services};

/// A role's name, kept for this test. Whoever makes the role need not drop it: this does, also by a panic. It must be
/// dropped after the database, for what a database grants to a role keeps the role.
pub struct Role(String);

impl Role {
    /// A name that nobody has.
    #[expect(clippy::new_without_default, reason = "each one is another")]
    pub fn new() -> Self {
        Self(format!("crosswalk_test_{}", Uuid::now_v7().simple()))
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl Drop for Role {
    fn drop(&mut self) {
        let drop = format!("drop role if exists {}", self.0);
        background::block_on(async move {
            let url = services::database_url();
            let connected = tokio_postgres::connect(&url, NoTls).await;
            let (client, connection) = connected.unwrap_or_else(|error| panic!("no connection to {url}: {error}"));
            tokio::spawn(connection);
            client.batch_execute(&drop).await.unwrap_or_else(|error| panic!("{drop}: {error}"));
        });
    }
}
