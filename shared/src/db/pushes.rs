//! What has to be written to CRMs.

use tokio_postgres::Row;
use uuid::Uuid;

use super::connections::{Connection, Policy};
use super::{GenericClient, failed};
use crate::auth::AccountAt;
use crate::error::Result;

/// A contact that has to be written to a CRM account.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The contact.
    pub contact: Uuid,
    /// The connection.
    pub connection: Connection,
    /// Where its CRM is.
    pub account: AccountAt,
}

/// What has to be written of these contacts, each with its tenant; in the order of connections.
pub async fn find(db: &impl GenericClient, contacts: impl Iterator<Item = &(String, Uuid)>) -> Result<Vec<Wanted>> {
    let (tenants, ids): (Vec<_>, Vec<_>) = contacts.map(|(tenant, id)| (tenant.as_str(), *id)).unzip();
    let statement = db.prepare_cached(include_str!("sql/find_pushes.sql")).await.map_err(failed)?;
    let rows = db.query(&statement, &[&tenants, &ids]).await.map_err(failed)?;
    rows.iter().map(wanted).collect::<Result<_, _>>().map_err(failed)
}

fn wanted(row: &Row) -> Result<Wanted, tokio_postgres::Error> {
    let id: String = row.try_get("account")?;
    Ok(Wanted {
        contact: row.try_get("id")?,
        connection: Connection {
            id: id.clone(),
            crm: row.try_get("crm")?,
            policy: Policy::from_word(row.try_get("conflict_policy")?),
        },
        account: AccountAt {
            tenant: row.try_get("tenant_id")?,
            connection: id,
            base_url: row.try_get("base_url")?,
            secret: row.try_get("secret_name")?,
        },
    })
}
