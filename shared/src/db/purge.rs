//! Deleting what is kept no longer, a step at a time. Each statement bounds how many rows it takes, finds them by an
//! index, and says from where the next is to go on, so that none reads again what one before it has deleted.
//!
//! Rows that somebody else has locked are passed over: no step waits for another run, and the next run finds them. Ages
//! are told by the database's clock.

use std::time::Duration;

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSqlOwned, ToSql};
use uuid::Uuid;

use super::{GenericClient, failed};
use crate::error::Result;

/// How many contacts a step picks.
pub const CONTACTS: usize = 100;
/// How many events of those contacts it deletes.
pub const HISTORY: u64 = 2_000;
/// How many webhooks about them it empties.
pub const BODIES: u64 = 1_000;
/// How many other rows a step looks at.
const ROWS: i64 = 1_000;

/// What a step did.
#[derive(Debug)]
pub struct Step<P> {
    /// How many rows it deleted.
    pub rows: u64,
    /// Where the next one begins; `None` when nothing is left.
    pub next: Option<P>,
}

/// A place in the order in which contacts were deleted: behind this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Place {
    pub deleted_at: Timestamp,
    pub id: Uuid,
}

/// Contacts that a transaction has locked to erase them.
#[derive(Debug, Default)]
pub struct Picked {
    tenants: Vec<String>,
    ids: Vec<Uuid>,
    /// The last of them, unless there is none.
    pub last: Option<Place>,
}

impl Place {
    /// Before all contacts.
    pub const START: Self = Self { deleted_at: Timestamp::UNIX_EPOCH, id: Uuid::nil() };
}

impl Picked {
    fn of(rows: &[Row]) -> Result<Self> {
        let mut picked = Self::default();
        for row in rows {
            picked.tenants.push(row.try_get(0).map_err(failed)?);
            picked.ids.push(row.try_get(1).map_err(failed)?);
        }
        Ok(picked)
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

/// Locks the next contacts that were deleted so long ago, at most [`CONTACTS`]. From now on they can be neither changed
/// nor told of in a new event.
pub async fn pick_contacts(db: &impl GenericClient, age: Duration, after: Place) -> Result<Picked> {
    const SQL: &str = "select tenant_id, id, deleted_at from contacts \
                       where deleted_at < now() - make_interval(secs => $1) and (deleted_at, id) > ($2, $3) \
                       order by deleted_at, id limit $4 for update skip locked";
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    let limit = i64::try_from(CONTACTS).unwrap_or(i64::MAX);
    let rows =
        db.query(&statement, &[&age.as_secs_f64(), &after.deleted_at, &after.id, &limit]).await.map_err(failed)?;
    let mut picked = Picked::of(&rows)?;
    if let Some(row) = rows.last() {
        picked.last = Some(Place { deleted_at: row.try_get(2).map_err(failed)?, id: row.try_get(1).map_err(failed)? });
    }
    Ok(picked)
}

/// Those of the locked contacts of which no event waits to be published. A statement of its own: only after the lock it
/// is certain to see every event that there will ever be.
pub async fn all_published(db: &impl GenericClient, contacts: &Picked) -> Result<Picked> {
    const SQL: &str = "select tenant_id, id from unnest($1::text[], $2::uuid[]) as c (tenant_id, id) \
                       where not exists (\
                           select from contact_events e \
                           where e.tenant_id = c.tenant_id and e.contact_id = c.id \
                             and e.published_at is null and e.dead_at is null)";
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    Picked::of(&db.query(&statement, &[&contacts.tenants, &contacts.ids]).await.map_err(failed)?)
}

/// Deletes events of the contacts, at most [`HISTORY`]. Answers how many.
pub async fn erase_history(db: &impl GenericClient, contacts: &Picked) -> Result<u64> {
    let statement = db.prepare_cached(include_str!("sql/erase_history.sql")).await.map_err(failed)?;
    db.execute(&statement, &[&contacts.tenants, &contacts.ids, &HISTORY.cast_signed()]).await.map_err(failed)
}

/// Empties the bodies of webhooks that told of the contacts, at most [`BODIES`]. Answers how many.
pub async fn erase_webhook_bodies(db: &impl GenericClient, contacts: &Picked) -> Result<u64> {
    let statement = db.prepare_cached(include_str!("sql/erase_webhook_bodies.sql")).await.map_err(failed)?;
    db.execute(&statement, &[&contacts.tenants, &contacts.ids, &BODIES.cast_signed()]).await.map_err(failed)
}

/// Deletes those of the contacts that have neither events nor webhooks with a body any more. Answers how many.
pub async fn erase_contacts(db: &impl GenericClient, contacts: &Picked) -> Result<u64> {
    let statement = db.prepare_cached(include_str!("sql/erase_contacts.sql")).await.map_err(failed)?;
    db.execute(&statement, &[&contacts.tenants, &contacts.ids]).await.map_err(failed)
}

/// Deletes published events of this age, above an id.
pub async fn contact_events(db: &impl GenericClient, age: Duration, above: i64) -> Result<Step<i64>> {
    step(db, include_str!("sql/purge_contact_events.sql"), age, above).await
}

/// Deletes webhooks of this age that are done with, above an id.
pub async fn webhook_events(db: &impl GenericClient, age: Duration, above: i64) -> Result<Step<i64>> {
    step(db, include_str!("sql/purge_webhook_events.sql"), age, above).await
}

/// Deletes rows of a table whose time is so long ago, from a time on.
macro_rules! by_time {
    ($table:literal, $time:literal) => {
        concat!(
            "with expired as (select ctid, ",
            $time,
            " as time from ",
            $table,
            " \
                 where ",
            $time,
            " >= $2 and ",
            $time,
            " < now() - make_interval(secs => $1) \
                 order by ",
            $time,
            " limit $3 for update skip locked\
             ), purged as (\
                 delete from ",
            $table,
            " where ctid = any (array(select ctid from expired)) returning 1\
             ) \
             select (select count(*) from purged), case when count(*) = $3 then max(time) end from expired"
        )
    };
}

/// Deletes idempotency keys of this age, from a time on.
pub async fn idempotency_keys(db: &impl GenericClient, age: Duration, from: Timestamp) -> Result<Step<Timestamp>> {
    step(db, by_time!("idempotency_keys", "created_at"), age, from).await
}

/// Deletes revocations of tokens that expired so long ago, from a time on.
pub async fn revocations(db: &impl GenericClient, age: Duration, from: Timestamp) -> Result<Step<Timestamp>> {
    step(db, by_time!("revocations", "expires_at"), age, from).await
}

/// Deletes what is known of records that their CRM deleted so long ago, from a time on.
pub async fn tombstones(db: &impl GenericClient, age: Duration, from: Timestamp) -> Result<Step<Timestamp>> {
    step(db, by_time!("remote_tombstones", "noted_at"), age, from).await
}

/// Deletes records of this age that could not be read, from a time on.
pub async fn parked_records(db: &impl GenericClient, age: Duration, from: Timestamp) -> Result<Step<Timestamp>> {
    step(db, by_time!("parked_records", "parked_at"), age, from).await
}

/// Deletes conflicts of this age, from a time on.
pub async fn conflicts(db: &impl GenericClient, age: Duration, from: Timestamp) -> Result<Step<Timestamp>> {
    step(db, by_time!("sync_conflicts", "occurred_at"), age, from).await
}

/// Runs a step: of an age, from a place on, at most so many rows. It answers how many it deleted, and the next place.
async fn step<P>(db: &impl GenericClient, sql: &str, age: Duration, from: P) -> Result<Step<P>>
where
    P: ToSql + FromSqlOwned + Sync,
{
    let statement = db.prepare_cached(sql).await.map_err(failed)?;
    let row = db.query_one(&statement, &[&age.as_secs_f64(), &from, &ROWS]).await.map_err(failed)?;
    let rows = row.try_get::<_, i64>(0).map_err(failed)?.cast_unsigned();
    Ok(Step { rows, next: row.try_get(1).map_err(failed)? })
}
