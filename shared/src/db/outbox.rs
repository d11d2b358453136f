//! Rows that wait to be published: claimed, each tenant's in order, then marked or parked. Whoever marks must hold
//! the lease, and the statement itself checks that.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::trip::query_typed;
use super::{Connection, failed};
use crate::error::{Error, Result};

/// A table whose unpublished rows are an outbox, as the statements that treat it as one.
#[derive(Debug)]
pub struct Source {
    /// Its name in the log.
    pub name: &'static str,
    claim: &'static str,
    claim_in_turn: &'static str,
    claim_replays: Option<&'static str>,
    mark: &'static str,
    park: &'static str,
    /// The floors that its claim begins at.
    pub floors: &'static [FloorSource],
}

/// A sequence of ids or positions whose lower part the claim does not read, as the statements that raise its floor.
#[derive(Debug)]
pub struct FloorSource {
    /// Its name in `relay_floors`.
    pub(super) name: &'static str,
    pub(super) last_drawn: &'static str,
    pub(super) raise: &'static str,
}

/// What happened to contacts.
pub static CONTACT_EVENTS: Source = Source {
    name: "contact_events",
    claim: include_str!("sql/claim_contact_events.sql"),
    claim_in_turn: include_str!("sql/claim_contact_events_in_turn.sql"),
    claim_replays: None,
    mark: include_str!("sql/mark_contact_events.sql"),
    park: include_str!("sql/park_contact_events.sql"),
    floors: &[FloorSource {
        name: "contact_events",
        // A sequence that has given nothing out yet says 1 already.
        last_drawn: "select case when is_called then last_value else 0 end from contact_events_id_seq",
        raise: include_str!("sql/raise_contact_events_floor.sql"),
    }],
};

/// Webhooks as they came. A replay makes one wait again, in an order of its own: replayed webhooks are claimed after new
/// ones, from a floor of their own. So a replay never lowers the floor of new webhooks.
pub static WEBHOOK_EVENTS: Source = Source {
    name: "webhook_events",
    claim: include_str!("sql/claim_webhook_events.sql"),
    claim_in_turn: include_str!("sql/claim_webhook_events_in_turn.sql"),
    claim_replays: Some(include_str!("sql/claim_webhook_replays.sql")),
    mark: include_str!("sql/mark_webhook_events.sql"),
    park: include_str!("sql/park_webhook_events.sql"),
    floors: &[
        FloorSource {
            name: "webhook_events",
            last_drawn: "select case when is_called then last_value else 0 end from webhook_events_id_seq",
            raise: include_str!("sql/raise_webhook_events_floor.sql"),
        },
        FloorSource {
            name: "webhook_replays",
            last_drawn: "select case when is_called then last_value else 0 end from webhook_replay_positions",
            raise: include_str!("sql/raise_webhook_replays_floor.sql"),
        },
    ],
};

/// A row that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Orders.
    pub id: i64,
    /// Names (`id` in CloudEvents).
    pub ce_id: Uuid,
    /// Whose it is.
    pub tenant: String,
    /// Rows with the same key are published one after the other.
    pub key: String,
    /// What happened.
    pub kind: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The trace it belongs to.
    pub traceparent: Option<String>,
    /// What is published: JSON.
    pub value: String,
    /// The contact and the version that it has now at least, where the row tells of one.
    pub contact: Option<(Uuid, i32)>,
    /// How often it was made to wait again: a mark is of this turn alone.
    pub turn: i32,
}

/// How much to claim at once. One row is always claimed, however large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Bounds {
    pub rows: u32,
    pub bytes: u32,
}

/// The new rows to publish next, by id: the oldest, or, if these fill the claim, some of each tenant that waits.
///
/// Two statements see two snapshots. Of each tenant, each of them reads a prefix of what waits, and rows with the same key
/// become visible in the order of their ids. So whenever a row is claimed, the earlier ones with its key are claimed too.
pub async fn claim(db: &Connection, source: &Source, bounds: Bounds) -> Result<Vec<Waiting>> {
    let (rows, bytes) = (i64::from(bounds.rows), i64::from(bounds.bytes));
    let oldest = waiting_rows(db, source.claim, &[(&rows, Type::INT8), (&bytes, Type::INT8)]).await?;
    if !bounds.are_reached(&oldest) {
        return Ok(oldest);
    }
    let served = served_tenants(&oldest);
    let values: [(&(dyn ToSql + Sync), Type); 3] =
        [(&rows, Type::INT8), (&bytes, Type::INT8), (&served, Type::TEXT_ARRAY)];
    let others = waiting_rows(db, source.claim_in_turn, &values).await?;
    Ok(if others.is_empty() { oldest } else { in_turn(oldest, others, bounds) })
}

/// The replayed rows to publish next, by position, so that at most so many are published and not processed.
pub async fn claim_replays(db: &Connection, source: &Source, at_most: u32) -> Result<Vec<Waiting>> {
    let Some(sql) = source.claim_replays else { return Ok(Vec::new()) };
    waiting_rows(db, sql, &[(&i64::from(at_most), Type::INT8)]).await
}

async fn waiting_rows(db: &Connection, sql: &str, values: &[(&(dyn ToSql + Sync), Type)]) -> Result<Vec<Waiting>> {
    let rows = query_typed(db, sql, values).await.map_err(failed)?;
    rows.iter().map(waiting).collect::<Result<_, _>>().map_err(failed)
}

impl Bounds {
    /// Whether more rows may wait than these.
    pub fn are_reached(self, rows: &[Waiting]) -> bool {
        let bytes: usize = rows.iter().map(|row| row.value.len()).sum();
        rows.len() >= self.rows as usize || bytes >= self.bytes as usize
    }
}

/// The tenants that have as many of the rows as they would have if one more tenant waited.
fn served_tenants(rows: &[Waiting]) -> Vec<&str> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        *counts.entry(&row.tenant).or_default() += 1;
    }
    let share = rows.len() / (counts.len() + 1);
    counts.into_iter().filter(|(_, count)| *count >= share.max(1)).map(|(tenant, _)| tenant).collect()
}

/// The first rows of each tenant, tenant by tenant, up to the bounds; by id.
fn in_turn(oldest: Vec<Waiting>, others: Vec<Waiting>, bounds: Bounds) -> Vec<Waiting> {
    let candidates: BTreeMap<_, _> = oldest.into_iter().chain(others).map(|row| (row.id, row)).collect();
    let mut turns: HashMap<String, usize> = HashMap::new();
    let mut ranked: Vec<_> = candidates
        .into_values()
        .map(|row| {
            let turn = turns.entry(row.tenant.clone()).or_default();
            *turn += 1;
            (*turn, row)
        })
        .collect();
    ranked.sort_by_key(|(turn, row)| (*turn, row.id));
    let mut bytes = 0;
    let mut rows: Vec<_> = ranked
        .into_iter()
        .map(|(_, row)| row)
        .take(bounds.rows as usize)
        .take_while(|row| {
            let fits = bytes < bounds.bytes as usize;
            bytes += row.value.len();
            fits
        })
        .collect();
    rows.sort_by_key(|row| row.id);
    rows
}

/// Marks rows as published, each by its id and its turn. `false`: the lease is no longer the holder's, and nothing was
/// marked.
pub async fn mark(db: &Connection, source: &Source, holder: Uuid, rows: &[(i64, i32)]) -> Result<bool> {
    let (ids, turns): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
    by_holder(db, source.mark, [(&holder, Type::UUID), (&ids, Type::INT8_ARRAY), (&turns, Type::INT4_ARRAY)]).await
}

/// Parks rows that can never be published, each with the reason. `false`: the lease is no longer the holder's, and
/// nothing was parked.
pub async fn park(db: &Connection, source: &Source, holder: Uuid, ids: &[i64], reasons: &[String]) -> Result<bool> {
    by_holder(db, source.park, [(&holder, Type::UUID), (&ids, Type::INT8_ARRAY), (&reasons, Type::TEXT_ARRAY)]).await
}

/// Planned each time for the table as it is: a plan that was kept from when the table was small, or made by statistics from
/// when nothing waited, reads all that waits for each mark. A batch takes a hundred times as long as its plan.
async fn by_holder(db: &Connection, sql: &str, values: [(&(dyn ToSql + Sync), Type); 3]) -> Result<bool> {
    let rows = query_typed(db, sql, &values).await.map_err(failed)?;
    rows.first().ok_or_else(|| Error::internal("mark rows", "no answer"))?.try_get(0).map_err(failed)
}

/// A row of a `claim` statement, whose columns are the same for every source.
fn waiting(row: &Row) -> Result<Waiting, tokio_postgres::Error> {
    let (contact, version): (Option<Uuid>, Option<i32>) = (row.try_get(8)?, row.try_get(9)?);
    Ok(Waiting {
        id: row.try_get(0)?,
        ce_id: row.try_get(1)?,
        tenant: row.try_get(2)?,
        key: row.try_get(3)?,
        kind: row.try_get(4)?,
        occurred_at: row.try_get(5)?,
        traceparent: row.try_get(6)?,
        value: row.try_get(7)?,
        contact: contact.zip(version),
        turn: row.try_get(10)?,
    })
}
