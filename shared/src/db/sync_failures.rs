//! Links that don't come through: those that will be tried again, and those that will not.

use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{GenericClient, failed};
use crate::error::Result;

/// A link that does not come through, as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// What it is called: `<connection>.<contact>`.
    pub id: String,
    /// In which CRM account.
    pub connection: String,
    /// Which contact.
    pub contact_id: Uuid,
    /// Which record, once there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub remote_id: Option<String>,
    /// `failing` or `dead`; `pending` once it was replayed.
    pub state: String,
    /// How often writing it has failed in a row.
    pub attempts: i32,
    /// Why it failed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub failure: Option<String>,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub retry_at: Option<Timestamp>,
    /// When both sides were last the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub synced_at: Option<Timestamp>,
}

/// Which links: those of which everything given here is true.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Filter {
    /// Those with this CRM account.
    pub connection: Option<String>,
    /// Those in this state.
    pub state: Option<State>,
}

/// How a link does not come through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It will be tried again.
    Failing,
    /// It was given up.
    Dead,
}

/// A place in the list's order.
pub type Position = (String, Uuid);

const COLUMNS: &str = "connection_id, contact_id, remote_id, state, attempts, failure, retry_at, synced_at";

/// The failures after one, in the order of their connections and contacts.
pub async fn list(
    db: &impl GenericClient,
    tenant: &str,
    filter: &Filter,
    after: Option<Position>,
    rows: i64,
) -> Result<Vec<Failure>> {
    let (connection, contact) = after.unzip();
    let statement = db.prepare_cached(&statement(filter)).await.map_err(failed)?;
    let found = db.query(&statement, &[&tenant, &filter.connection, &connection, &contact, &rows]).await;
    found.map_err(failed)?.iter().map(failure).collect::<Result<_, _>>().map_err(failed)
}

/// The statement: its parameters are the tenant, the connection, the place before, and how many.
pub fn statement(filter: &Filter) -> String {
    let which = if filter.connection.is_some() { "connection_id = $2" } else { "$2::text is null" };
    // Each state has an index in this order, so each is walked by itself.
    let walk = |state: &str| {
        format!(
            "(select {COLUMNS} from links where tenant_id = $1 and state = '{state}' and {which} \
              and (connection_id, contact_id) > \
                  (coalesce($3::text, ''), coalesce($4::uuid, '00000000-0000-0000-0000-000000000000')) \
              order by connection_id, contact_id limit $5)"
        )
    };
    let walks = match filter.state {
        Some(State::Failing) => walk("failing"),
        Some(State::Dead) => walk("dead"),
        None => format!("{} union all {}", walk("failing"), walk("dead")),
    };
    format!("select {COLUMNS} from ({walks}) as walked order by connection_id, contact_id limit $5")
}

/// Lets a link be tried from the beginning, now. `None`: it is not there, or neither failing nor dead. The contact is
/// locked before the link, as everybody locks them.
pub async fn replay(db: &impl GenericClient, tenant: &str, connection: &str, contact: Uuid) -> Result<Option<Failure>> {
    const SQL: &str = "with contact as materialized (\
                           select id from contacts where tenant_id = $1 and id = $3 for no key update\
                       ) \
                       update links l \
                       set state = 'pending', attempts = 0, failing_since = null, failure = null, \
                           retry_at = clock_timestamp() \
                       from contact \
                       where l.tenant_id = $1 and l.contact_id = contact.id and l.connection_id = $2 \
                         and l.state in ('failing', 'dead') \
                       returning connection_id, contact_id, remote_id, state, attempts, failure, retry_at, synced_at";
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    let row = db.query_opt(&statement, &[&tenant, &connection, &contact]).await.map_err(failed)?;
    row.as_ref().map(failure).transpose().map_err(failed)
}

fn failure(row: &Row) -> Result<Failure, tokio_postgres::Error> {
    let (connection, contact_id): (String, Uuid) = (row.try_get(0)?, row.try_get(1)?);
    Ok(Failure {
        id: format!("{connection}.{contact_id}"),
        connection,
        contact_id,
        remote_id: row.try_get(2)?,
        state: row.try_get(3)?,
        attempts: row.try_get(4)?,
        failure: row.try_get(5)?,
        retry_at: row.try_get(6)?,
        synced_at: row.try_get(7)?,
    })
}
