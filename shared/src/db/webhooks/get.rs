//! One webhook with its body.

use uuid::Uuid;

use super::{Webhook, columns, webhook};
use crate::db::{GenericClient, failed};
use crate::error::Result;

/// A webhook with its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The webhook.
    pub webhook: Webhook,
    /// The body as it was signed; empty once it was erased.
    pub body: Vec<u8>,
}

/// The webhook of this name.
pub async fn find(db: &impl GenericClient, tenant: &str, id: Uuid) -> Result<Option<Found>> {
    const SQL: &str =
        concat!("select ", columns!(), ", w.body from webhook_events w where w.tenant_id = $1 and w.ce_id = $2");
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    let row = db.query_opt(&statement, &[&tenant, &id]).await.map_err(failed)?;
    row.map(|row| Ok(Found { webhook: webhook(&row)?, body: row.try_get(10).map_err(failed)? })).transpose()
}
