//! Bringing the database to what this release needs.

use std::sync::Arc;

use crate::app::App;
use crate::db::{self, Connection, Database, Login};
use crate::error::Result;

/// Runs the migrations as the schema's owner, and then makes the functions' role what it must be. Answers the names of
/// the migrations that were run. One run works at a time; another waits, and finds nothing to do.
pub async fn migrate(app: &App) -> Result<Vec<String>> {
    let settings = &app.config.database;
    let owner = Database::as_owner(settings, Arc::clone(&app.secrets));
    let mut connection = owner.get().await?;
    db::migrations::lock(&connection).await?;
    let outcome = Box::pin(migrate_locked(app, &mut connection)).await;
    db::migrations::unlock(&connection).await?;
    let applied = outcome?;
    tracing::info!(count = applied.len(), "the database is up to date");
    Ok(applied)
}

/// The role is part of it: PostgreSQL refuses two sessions that alter one role at once.
async fn migrate_locked(app: &App, connection: &mut Connection) -> Result<Vec<String>> {
    let applied = db::migrations::run(connection).await?;
    let settings = &app.config.database;
    let role = app.secrets.get::<Login>(&settings.secret).await?.at(settings)?;
    db::roles::grant(connection, &role).await?;
    // A password that is good stays: a rotation may be about to change it, and what it sets is not to be undone.
    if app.database.get().await.is_err() {
        db::roles::set_password(connection, &role.username, &role.password).await?;
    }
    Ok(applied)
}
