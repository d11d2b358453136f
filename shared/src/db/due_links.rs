//! Links that are due: claimed with what is to be published once more, so that their contacts come round again, then
//! postponed. Whoever postpones must hold the relay's lease, and the statement itself checks that.

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::outbox::{Bounds, Waiting};
use super::{GenericClient, failed};
use crate::error::Result;

/// A link that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueLink {
    /// Whose it is.
    pub tenant: String,
    /// Our side.
    pub contact: Uuid,
    /// Their side: in which CRM account.
    pub connection: String,
    /// Since when.
    pub retry_at: Timestamp,
    /// The latest event of the contact, as it was published; `None` if none is left.
    pub event: Option<Waiting>,
}

/// The links that have been due for longest, but for those whose contact has an event that waits.
pub async fn claim(db: &impl GenericClient, bounds: Bounds) -> Result<Vec<DueLink>> {
    let statement = db.prepare_cached(include_str!("sql/claim_due_links.sql")).await.map_err(failed)?;
    let rows = db.query(&statement, &[&i64::from(bounds.rows), &i64::from(bounds.bytes)]).await.map_err(failed)?;
    rows.iter().map(due).collect::<Result<_, _>>().map_err(failed)
}

/// Lets links wait for another ten minutes, unless their time was set anew. `false`: the lease is no longer the holder's, and
/// nothing was postponed.
pub async fn postpone(db: &impl GenericClient, holder: Uuid, links: &[&DueLink]) -> Result<bool> {
    let tenants: Vec<_> = links.iter().map(|link| link.tenant.as_str()).collect();
    let contacts: Vec<_> = links.iter().map(|link| link.contact).collect();
    let connections: Vec<_> = links.iter().map(|link| link.connection.as_str()).collect();
    let times: Vec<_> = links.iter().map(|link| link.retry_at).collect();
    let statement = db.prepare_cached(include_str!("sql/postpone_due_links.sql")).await.map_err(failed)?;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
        [&holder, &tenants, &contacts, &connections, &times];
    db.query_one(&statement, &parameters).await.and_then(|row| row.try_get(0)).map_err(failed)
}

fn due(row: &Row) -> Result<DueLink, tokio_postgres::Error> {
    let (tenant, contact): (String, Uuid) = (row.try_get(0)?, row.try_get(1)?);
    let event = match row.try_get(4)? {
        None => None,
        Some(id) => Some(Waiting {
            id,
            ce_id: row.try_get(5)?,
            tenant: tenant.clone(),
            key: contact.to_string(),
            kind: row.try_get(6)?,
            occurred_at: row.try_get(7)?,
            traceparent: row.try_get(8)?,
            value: row.try_get(9)?,
            contact: Some((contact, row.try_get(10)?)),
            turn: 0,
        }),
    };
    Ok(DueLink { tenant, contact, connection: row.try_get(2)?, retry_at: row.try_get(3)?, event })
}
