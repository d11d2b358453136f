//! Bringing the schema to the newest version.

use refinery::embed_migrations;
use refinery::error::Kind;
use tokio_postgres::{Client, Error as PgError};

use super::failed;
use super::failure::is_away;
use crate::error::{Error, Result};

mod embedded {
    super::embed_migrations!("../migrations");
}

/// refinery takes no lock of its own, and two runs at once would collide: the second waits for this key and then finds
/// nothing to do.
const LOCK: i64 = 0x6372_6f73_7377_616c;

/// Waits until no other run is under way, and keeps others waiting until [`unlock`] or the end of the session. It may be
/// taken more than once.
pub async fn lock(client: &Client) -> Result<()> {
    // Waiting for another run is what the lock is for, so no time-out cuts it short.
    client.batch_execute("set lock_timeout = 0; set statement_timeout = 0").await.map_err(failed)?;
    client.execute("select pg_advisory_lock($1)", &[&LOCK]).await.map_err(failed)?;
    Ok(())
}

/// Lets the next run begin.
pub async fn unlock(client: &Client) -> Result<()> {
    client.execute("select pg_advisory_unlock($1)", &[&LOCK]).await.map_err(failed)?;
    Ok(())
}

/// Runs what has not been run, each migration in a transaction of its own. Answers the names of those that were run.
pub async fn run(client: &mut Client) -> Result<Vec<String>> {
    lock(client).await?;
    // A deployment that is rolled back leaves a database that is ahead of its code: migrations only add, so it will do.
    let runner = embedded::migrations::runner().set_abort_missing(false);
    let outcome = Box::pin(runner.run_async(client)).await;
    unlock(client).await?;
    let report = outcome.map_err(not_migrated)?;
    Ok(report.applied_migrations().iter().map(ToString::to_string).collect())
}

/// A server that went away may be back for another run: each migration is a transaction of its own.
fn not_migrated(error: refinery::Error) -> Error {
    let lost =
        matches!(error.kind(), Kind::Connection(_, cause) if cause.downcast_ref::<PgError>().is_some_and(is_away));
    if lost { Error::unavailable("PostgreSQL", error) } else { Error::internal("migrate the database", error) }
}
