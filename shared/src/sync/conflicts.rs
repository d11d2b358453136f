//! What both sides changed at once, newest first.

use serde_json::json;

use crate::app::App;
use crate::auth::Caller;
use crate::db::conflicts::{self, Filter};
use crate::error::Result;
use crate::paging::{Page, RowNumber, Window};

/// What is asked of a list of conflicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictListing {
    /// Which conflicts.
    pub filter: Filter,
    /// Which part.
    pub window: Window,
}

/// A page of conflicts.
pub async fn list_conflicts(app: &App, caller: &Caller, listing: &ConflictListing) -> Result<Page> {
    let ConflictListing { filter, window } = listing;
    let question = json!(["conflicts", caller.tenant, filter]).to_string();
    let before: Option<RowNumber> = window.position(&question)?;
    let before = before.map(|RowNumber(id)| id);
    let connection = app.database.get().await?;
    let found = conflicts::list(&connection, &caller.tenant, filter, before, window.rows()).await?;
    drop(connection);
    let rows = found.into_iter().map(|(number, conflict)| (number, json!(conflict).to_string()));
    Ok(window.cut(&question, rows.collect()))
}
