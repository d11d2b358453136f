//! Connections: the CRM accounts of a tenant.

use super::{GenericClient, failed};
use crate::auth::Sender;
use crate::error::Result;

/// What a connection says of how to sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: String,
    /// Which CRM it is an account of.
    pub crm: String,
    /// Who is kept when both sides changed a field.
    pub policy: Policy,
}

/// Who is kept when both sides changed a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Whoever changed it last.
    NewestWins,
    /// The CRM.
    CrmWins,
    /// We.
    LocalWins,
}

/// A connection of the tenant.
pub async fn find(db: &impl GenericClient, tenant: &str, id: &str) -> Result<Option<Connection>> {
    const SQL: &str = "select crm, conflict_policy from connections where tenant_id = $1 and id = $2";
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    let row = db.query_opt(&statement, &[&tenant, &id]).await.map_err(failed)?;
    let read = |row: tokio_postgres::Row| -> Result<Connection, tokio_postgres::Error> {
        Ok(Connection { id: id.to_owned(), crm: row.try_get(0)?, policy: Policy::from_word(row.try_get(1)?) })
    };
    row.map(read).transpose().map_err(failed)
}

/// Who sends webhooks under this id. It is all that a webhook says, so there is no tenant to ask with.
pub async fn sender(db: &impl GenericClient, id: &str) -> Result<Option<Sender>> {
    const SQL: &str = "select tenant_id, id, crm, secret_name from connections where id = $1 and enabled";
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    let row = db.query_opt(&statement, &[&id]).await.map_err(failed)?;
    let read = |row: tokio_postgres::Row| -> Result<Sender, tokio_postgres::Error> {
        Ok(Sender {
            tenant: row.try_get(0)?,
            connection: row.try_get(1)?,
            crm: row.try_get(2)?,
            secret: row.try_get(3)?,
        })
    };
    row.map(read).transpose().map_err(failed)
}

impl Policy {
    /// The column's check knows no other words.
    pub(super) fn from_word(word: &str) -> Self {
        match word {
            "crmWins" => Self::CrmWins,
            "localWins" => Self::LocalWins,
            _ => Self::NewestWins,
        }
    }
}
