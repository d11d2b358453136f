//! Links that don't come through, and how one is tried from the beginning.

use serde_json::json;
use uuid::Uuid;

use crate::app::App;
use crate::auth::Caller;
use crate::db::sync_failures::{self, Failure, Filter};
use crate::db::{give_way, is_deadlock};
use crate::error::{Error, Result};
use crate::paging::{ConnectionId, Page, Window};

/// What is asked of a list of failures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureListing {
    /// Which failures.
    pub filter: Filter,
    /// Which part.
    pub window: Window,
}

/// A page of failures, in the order of their connections and contacts.
pub async fn list_failures(app: &App, caller: &Caller, listing: &FailureListing) -> Result<Page> {
    let FailureListing { filter, window } = listing;
    let question = json!(["failures", caller.tenant, filter]).to_string();
    let after: Option<(ConnectionId, Uuid)> = window.position(&question)?;
    let after = after.map(|(ConnectionId(connection), contact)| (connection, contact));
    let connection = app.database.get().await?;
    let found = sync_failures::list(&connection, &caller.tenant, filter, after, window.rows()).await?;
    drop(connection);
    let rows = found.into_iter().map(|failure| {
        let json = json!(failure).to_string();
        ((failure.connection, failure.contact_id), json)
    });
    Ok(window.cut(&question, rows.collect()))
}

/// Lets a link be tried from the beginning: the relay sends it round, and what it was given up for is forgotten.
pub async fn replay_failure(app: &App, caller: &Caller, connection: &str, contact: Uuid) -> Result<Failure> {
    let database = app.database.get().await?;
    let replayed = match sync_failures::replay(&database, &caller.tenant, connection, contact).await {
        Err(error) if is_deadlock(&error) => {
            give_way().await;
            sync_failures::replay(&database, &caller.tenant, connection, contact).await
        }
        outcome => outcome,
    };
    replayed?.ok_or_else(|| Error::SyncFailureNotFound(format!("{connection}.{contact}")))
}
