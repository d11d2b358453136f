//! The history of a contact: its events, as the API shows them.

use uuid::Uuid;

use super::{GenericClient, failed};
use crate::error::Result;

/// The newest `rows` events with a version below `before`, each as its version and its JSON. `None` if there is no such
/// contact, deleted ones included.
pub async fn list(
    db: &impl GenericClient,
    tenant: &str,
    id: Uuid,
    before: i32,
    rows: i64,
) -> Result<Option<Vec<(i32, String)>>> {
    let statement = db.prepare_cached(include_str!("sql/list_history.sql")).await.map_err(failed)?;
    let found = db.query(&statement, &[&tenant, &id, &before, &rows]).await.map_err(failed)?;
    if found.is_empty() {
        return Ok(None);
    }
    // A contact without events in this range is one row without an event.
    let event = |row: &tokio_postgres::Row| Ok(row.try_get::<_, Option<i32>>(0)?.zip(row.try_get(1)?));
    found.iter().filter_map(|row| event(row).transpose()).collect::<Result<_, _>>().map(Some).map_err(failed)
}
