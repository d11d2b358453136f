//! Making webhooks wait again, so that the relay publishes them and they are worked once more.

use uuid::Uuid;

use super::walk::{Position, Walk};
use super::{State, Webhook, columns, webhook};
use crate::db::{GenericClient, failed};
use crate::error::Result;

/// How many webhooks are locked at once.
pub const CHUNK: i64 = 1_000;

/// How many replayed webhooks of one tenant may wait to be processed. Requests that run at the same time count before they
/// write, so they may exceed it by what each replays.
pub const MAX_WAITING: i64 = 1_000;

/// What became of one webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replayed {
    /// It waits now, if it did not already: as it is.
    Waits(Box<Webhook>),
    /// Its body was erased, so there is nothing to be worked.
    Erased,
}

/// What became of some webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// How many wait again.
    pub replayed: i64,
    /// How many were left as they are.
    pub skipped: i64,
    /// How far the walk came; `None` if it came to the end.
    pub reach: Option<Position>,
    /// Whether webhooks were left because as many of the tenant wait as may.
    pub is_capped: bool,
}

/// Replays one webhook. `None`: there is no such webhook.
pub async fn replay(db: &impl GenericClient, tenant: &str, id: Uuid) -> Result<Option<Replayed>> {
    const SHOWN: &str =
        concat!("select ", columns!(), ", locked.is_whole from locked join webhook_events w using (id)");
    let sql = format!(
        "with wanted as (select id from webhook_events where tenant_id = $1 and ce_id = $2), {} {SHOWN}",
        step("true", "")
    );
    let statement = db.prepare_cached(&sql).await.map_err(failed)?;
    let Some(row) = db.query_opt(&statement, &[&tenant, &id]).await.map_err(failed)? else { return Ok(None) };
    if !row.try_get::<_, bool>(10).map_err(failed)? {
        return Ok(Some(Replayed::Erased));
    }
    // The statement shows the row as it was before.
    let before = webhook(&row)?;
    let waits = Webhook { state: State::Received, failure: None, processed_at: None, published_at: None, ..before };
    Ok(Some(Replayed::Waits(Box::new(waits))))
}

/// Replays the webhooks of a walk.
pub async fn replay_next(db: &impl GenericClient, tenant: &str, walk: &Walk<'_>) -> Result<Chunk> {
    // Of those that were found, one may have gone into another state before it was locked.
    let sql = walk.statement(&format!(
        ", wanted as (select id from found), room as materialized (\
             select {MAX_WAITING} - count(*) as rows \
             from (\
                 select from webhook_events \
                 where tenant_id = $1 and state = 'received' and replay_position is not null limit {MAX_WAITING}\
             ) as waiting\
         ), {} \
         select (select count(*) from due), (select count(*) from found), last.received_at, last.id, reach.received_at, \
             reach.id, (select count(*) from found) = $11, (select count(*) from eligible) \
         from (select) as one left join reach on true \
         left join (select received_at, id from found order by received_at desc, id desc limit 1) as last on true",
        step("state = any ($2)", "limit (select rows from room)")
    ));
    let statement = db.prepare_cached(&sql).await.map_err(failed)?;
    let row = db.query_one(&statement, &walk.values(&tenant)).await.map_err(failed)?;
    let read = || -> Result<Chunk, tokio_postgres::Error> {
        let (replayed, found): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        let last = row.try_get::<_, Option<_>>(2)?.zip(row.try_get(3)?);
        let reach = row.try_get::<_, Option<_>>(4)?.zip(row.try_get(5)?);
        let is_full: bool = row.try_get(6)?;
        let eligible: i64 = row.try_get(7)?;
        Ok(Chunk {
            replayed,
            skipped: found - eligible,
            reach: if is_full { last } else { reach },
            is_capped: replayed < eligible,
        })
    };
    read().map_err(failed)
}

fn step(still: &str, limit: &str) -> String {
    include_str!("../sql/replay_webhook_events.sql").replace("{still}", still).replace("{limit}", limit)
}
