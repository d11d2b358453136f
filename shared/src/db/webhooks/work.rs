//! Webhooks that are being worked.

use serde_json::{Value, json};
use tokio_postgres::Row;
use uuid::Uuid;

use super::State;
use crate::db::connections::{Connection, Policy};
use crate::db::{GenericClient, failed};
use crate::error::Result;
use crate::telemetry::TraceParent;

/// A webhook that waits to be worked.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Orders.
    pub id: i64,
    /// Names.
    pub ce_id: Uuid,
    /// Whose it is.
    pub tenant: String,
    /// Where it came from.
    pub connection: Connection,
    /// The body, byte by byte.
    pub body: Vec<u8>,
    /// The trace it belongs to.
    pub traceparent: Option<TraceParent>,
}

/// A webhook that is done with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// Which.
    pub id: i64,
    /// Where it stands now.
    pub state: State,
    /// Why, if it is dead.
    pub failure: Option<String>,
}

/// Those of these webhooks that wait, in the order in which they came, up to so many bytes of bodies; one is always there.
/// A webhook names its tenant itself: a record of the topic is no more than a wake-up.
pub async fn waiting(db: &impl GenericClient, ce_ids: &[Uuid], bytes: usize) -> Result<Vec<Waiting>> {
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let statement = db.prepare_cached(include_str!("../sql/waiting_webhooks.sql")).await.map_err(failed)?;
    let rows = db.query(&statement, &[&ce_ids, &bytes]).await.map_err(failed)?;
    rows.iter().map(read).collect::<Result<_, _>>().map_err(failed)
}

fn read(row: &Row) -> Result<Waiting, tokio_postgres::Error> {
    let connection =
        Connection { id: row.try_get(2)?, crm: row.try_get(3)?, policy: Policy::from_word(row.try_get(4)?) };
    let traceparent: Option<&str> = row.try_get(6)?;
    Ok(Waiting {
        id: row.try_get(0)?,
        ce_id: row.try_get(7)?,
        tenant: row.try_get(1)?,
        connection,
        body: row.try_get(5)?,
        traceparent: traceparent.and_then(TraceParent::parse),
    })
}

impl Finished {
    pub(in crate::db) fn to_row(&self) -> Value {
        json!({"id": self.id, "state": self.state.as_str(), "failure": self.failure})
    }
}
