//! The floor of an outbox: at or below it nothing waits, and nothing can appear any more. Claims begin there.
//!
//! It rises in steps. The highest id drawn is noted as the candidate, together with a transaction id that is taken
//! *after* that look. A writer of an event changes its contact before it draws the event's id, and one of a webhook,
//! which changes nothing before, asks for its transaction id first (`pg_current_xact_id()` in a step of its own). So each
//! had its own, smaller transaction id by then: once all smaller ones have ended, every row up to the candidate is there
//! to be seen, or never will be.
//!
//! A replay makes a webhook wait again whose id is below the floor. It draws a position for it from a sequence with a floor
//! of its own (`webhook_replays`), after it has locked the row and so has a transaction id. So nothing ever waits below a
//! floor, and no floor has to be lowered.

use std::time::Duration;

use super::outbox::FloorSource;
use super::{GenericClient, failed};
use crate::error::Result;

/// Raises the floor as far as the candidate allows, if that was noted at least `age` ago. A candidate that was
/// reached is gone, and the next may be noted.
pub async fn raise(db: &impl GenericClient, source: &FloorSource, age: Duration) -> Result<()> {
    let statement = db.prepare_cached(source.raise).await.map_err(failed)?;
    db.execute(&statement, &[&age.as_secs_f64()]).await.map_err(failed)?;
    Ok(())
}

/// The highest id drawn so far, by transactions that have ended or not.
pub async fn last_drawn(db: &impl GenericClient, source: &FloorSource) -> Result<i64> {
    let statement = db.prepare_cached(source.last_drawn).await.map_err(failed)?;
    db.query_one(&statement, &[]).await.and_then(|row| row.try_get(0)).map_err(failed)
}

/// Notes the candidate, unless there is one or the floor is there already. It must have been read by a statement of
/// its own, before this one.
pub async fn note(db: &impl GenericClient, source: &FloorSource, candidate: i64) -> Result<()> {
    // Two things come with a database that was restored from a dump: a candidate of another server's transactions,
    // which may be far ahead of this one's, and perhaps a sequence that is behind the floor.
    const SQL: &str = "update relay_floors \
                       set candidate = $2, candidate_xid = pg_current_xact_id(), candidate_at = clock_timestamp(), \
                           floor = least(floor, $2) \
                       where source = $1 and floor <> $2 \
                         and (candidate is null or candidate_xid >= pg_snapshot_xmax(pg_current_snapshot()))";
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    db.execute(&statement, &[&source.name, &candidate]).await.map_err(failed)?;
    Ok(())
}
