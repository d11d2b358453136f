//! Asking PostgreSQL, with an end to patience: the role's time-outs don't help when the server itself hangs.

use std::time::Duration;

use crosswalk::db::{Connection, Database};
use crosswalk::{Error, Result};
use tokio::time::timeout;

/// Longer than the role's statement time-out, so that it only strikes when the server says nothing at all.
pub const PATIENCE: Duration = Duration::from_secs(7);

/// Runs statements on a connection. One that doesn't answer in time is closed, so that nobody waits behind what was
/// asked.
pub async fn ask<T>(
    database: &Database,
    patience: Duration,
    statements: impl AsyncFnOnce(&Connection) -> Result<T>,
) -> Result<T> {
    let connection = database.get().await?;
    if let Ok(outcome) = timeout(patience, statements(&connection)).await {
        return outcome;
    }
    drop(Connection::take(connection));
    Err(Error::unavailable("PostgreSQL", format!("no answer within {patience:?}")))
}
