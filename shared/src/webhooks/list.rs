//! Webhooks, newest first.

use serde_json::json;

use super::Filter;
use crate::app::App;
use crate::auth::Caller;
use crate::db::webhooks::{Walk, list as query};
use crate::error::Result;
use crate::paging::{Page, RowNumber, StoredTime, Window};

/// What is asked of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Which webhooks.
    pub filter: Filter,
    /// Which part.
    pub window: Window,
}

/// A page of webhooks. Those of a type are looked for among so many at once; where they are rare a page may have fewer than
/// were asked for, or none, and still be followed by another.
pub async fn list(app: &App, caller: &Caller, listing: &Listing) -> Result<Page> {
    let Listing { filter, window } = listing;
    let question = json!(["webhooks", caller.tenant, filter]).to_string();
    let position: Option<(StoredTime, RowNumber)> = window.position(&question)?;
    let position = position.map(|(StoredTime(received_at), RowNumber(id))| (received_at, id));
    let walk = Walk::newest_first(filter, position, window.rows());
    let connection = app.database.get().await?;
    let listed = query(&connection, &caller.tenant, &walk).await?;
    drop(connection);
    let rows = listed.webhooks.into_iter().map(|(position, webhook)| (position, json!(webhook).to_string()));
    Ok(window.cut_within(&question, rows.collect(), listed.reach))
}
