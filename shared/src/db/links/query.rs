//! Links, found and locked for many records at once.

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::{Link, LinkState};
use crate::contact::RemoteKey;
use crate::db::{GenericClient, failed};
use crate::error::Result;
use crate::mapping::Stamp;

/// What a link is sought by.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Whose.
    pub tenant: &'a str,
    /// Its contact, if it is known.
    pub contact: Option<Uuid>,
    /// Its CRM account.
    pub connection: &'a str,
    /// The record that is the reason to ask, if it is known.
    pub remote_id: Option<&'a str>,
}

/// What there is between a contact and a CRM account.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tied {
    /// The link.
    pub link: Option<Link>,
    /// When the contact was last changed by anybody but that account since the CRM was told.
    pub changed_at: Option<Timestamp>,
    /// When the record that was named had been deleted, by the CRM's clock.
    pub deleted_at: Option<Timestamp>,
}

/// Locks the keys of records until the transaction ends, in one order for all: nobody else ties them to a contact
/// meanwhile. What is there must be read by a later statement, which sees what the last holder left.
pub async fn lock_keys(db: &impl GenericClient, keys: &[(&str, &RemoteKey)]) -> Result<()> {
    const SQL: &str = "select pg_advisory_xact_lock(hash) from (\
                           select distinct hashtextextended(tenant_id || '/' || connection_id || '/' || remote_id, 0) as hash \
                           from unnest($1::text[], $2::text[], $3::text[]) as key (tenant_id, connection_id, remote_id) \
                           order by hash \
                       ) keys";
    let tenants: Vec<_> = keys.iter().map(|(tenant, _)| *tenant).collect();
    let connections: Vec<_> = keys.iter().map(|(_, key)| key.connection.as_str()).collect();
    let remote_ids: Vec<_> = keys.iter().map(|(_, key)| key.remote_id.as_str()).collect();
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    db.execute(&statement, &[&tenants, &connections, &remote_ids]).await.map_err(failed)?;
    Ok(())
}

/// What there is, in the order of the questions. The contacts must be locked.
pub async fn find_all(db: &impl GenericClient, asked: &[Asked<'_>]) -> Result<Vec<Tied>> {
    const SQL: &str = include_str!("../sql/find_links.sql");
    let tenants: Vec<_> = asked.iter().map(|it| it.tenant).collect();
    let contacts: Vec<_> = asked.iter().map(|it| it.contact).collect();
    let connections: Vec<_> = asked.iter().map(|it| it.connection).collect();
    let remote_ids: Vec<_> = asked.iter().map(|it| it.remote_id).collect();
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    let rows = db.query(&statement, &[&tenants, &contacts, &connections, &remote_ids]).await.map_err(failed)?;
    rows.iter().map(tied).collect::<Result<_, _>>().map_err(failed)
}

fn tied(row: &Row) -> Result<Tied, tokio_postgres::Error> {
    let contact: Option<Uuid> = row.try_get("contact_id")?;
    let link = contact.map(|contact| link(row, contact)).transpose()?;
    Ok(Tied { link, changed_at: row.try_get("changed_at")?, deleted_at: row.try_get("deleted_at")? })
}

/// The columns of a link by their names.
pub(in crate::db) fn link(row: &Row, contact_id: Uuid) -> Result<Link, tokio_postgres::Error> {
    let version = row.try_get("base_version")?;
    Ok(Link {
        contact_id,
        connection: row.try_get("connection_id")?,
        remote_id: row.try_get("remote_id")?,
        base: row.try_get::<_, Option<Json<_>>>("base")?.map(|json| json.0),
        base_stamp: row.try_get::<_, Option<_>>("base_timestamp")?.map(|at| Stamp { at, version }),
        sending: row.try_get::<_, Option<Json<_>>>("sending")?.map(|json| json.0),
        claimed_until: row.try_get("claimed_until")?,
        pushed_version: row.try_get("pushed_version")?,
        state: LinkState::from_word(row.try_get("state")?),
        attempts: row.try_get("attempts")?,
        failing_since: row.try_get("failing_since")?,
        retry_at: row.try_get("retry_at")?,
        failure: row.try_get("failure")?,
        synced_at: row.try_get("synced_at")?,
    })
}
