//! Webhooks, newest first.

use super::walk::{Position, Walk};
use super::{Webhook, columns, webhook};
use crate::db::{GenericClient, failed};
use crate::error::Result;

/// What a walk found.
#[derive(Debug)]
pub struct Listed {
    /// The webhooks in order, each with its position.
    pub webhooks: Vec<(Position, Webhook)>,
    /// How far it looked, if there may be more behind.
    pub reach: Option<Position>,
}

/// A part of the list.
pub async fn list(db: &impl GenericClient, tenant: &str, walk: &Walk<'_>) -> Result<Listed> {
    // Where nothing was found there is one row that tells how far was looked.
    const PAGE: &str = concat!(
        "select ",
        columns!(),
        ", w.id, reach.received_at, reach.id from (select) as one left join reach on true \
         left join (found join webhook_events w using (id)) on true order by found.received_at desc, found.id desc"
    );
    let statement = db.prepare_cached(&walk.statement(PAGE)).await.map_err(failed)?;
    let rows = db.query(&statement, &walk.values(&tenant)).await.map_err(failed)?;
    let reach = rows.first().map(|row| Ok(row.try_get::<_, Option<_>>(11)?.zip(row.try_get(12)?)));
    let reach = reach.transpose().map_err(failed)?.flatten();
    let mut webhooks = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(id) = row.try_get::<_, Option<i64>>(10).map_err(failed)? {
            let webhook = webhook(row)?;
            webhooks.push(((webhook.received_at, id), webhook));
        }
    }
    Ok(Listed { webhooks, reach })
}
