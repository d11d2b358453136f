//! What happened to a contact, newest first.

use uuid::Uuid;

use crate::app::App;
use crate::auth::Caller;
use crate::db;
use crate::error::{Error, Result};
use crate::paging::{Page, Version, Window};

/// A page of a contact's events. A deleted contact has a history until it is purged.
pub async fn list_history(app: &App, caller: &Caller, id: Uuid, window: &Window) -> Result<Page> {
    let question = format!("history\0{}\0{id}", caller.tenant);
    let before: Option<Version> = window.position(&question)?;
    let before = before.map_or(i32::MAX, |Version(version)| version);
    let connection = app.database.get().await?;
    let events = db::history::list(&connection, &caller.tenant, id, before, window.rows()).await?;
    let events = events.ok_or_else(|| Error::ContactNotFound(id.to_string()))?;
    Ok(window.cut(&question, events))
}
