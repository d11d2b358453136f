//! Bringing the database to what this release needs.

use std::sync::Arc;

use crate::app::App;
use crate::db::{self, Credentials, Database};
use crate::error::Result;

/// Runs the migrations as the schema's owner, and then makes the functions' role what it must be. Answers the names of
/// the migrations that were run.
pub async fn migrate(app: &App) -> Result<Vec<String>> {
    let settings = &app.config.database;
    let owner = Database::as_owner(settings, Arc::clone(&app.secrets));
    let mut connection = owner.get().await?;
    let applied = Box::pin(db::migrations::run(&mut connection)).await?;
    let role: Credentials = app.secrets.get(&settings.secret).await?;
    db::roles::ensure(&connection, &role).await?;
    tracing::info!(count = applied.len(), "the database is up to date");
    Ok(applied)
}
