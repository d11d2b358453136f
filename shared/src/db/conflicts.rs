//! What both sides changed at once, newest first.

use serde::Serialize;
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::links::{Conflict, Side};
use super::{GenericClient, failed};
use crate::error::Result;

/// Which conflicts: those of which everything given here is true.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Filter {
    /// Those with this CRM account.
    pub connection: Option<String>,
    /// Those of this contact.
    pub contact: Option<Uuid>,
}

/// The newest conflicts before one, each with its number.
pub async fn list(
    db: &impl GenericClient,
    tenant: &str,
    filter: &Filter,
    before: Option<i64>,
    rows: i64,
) -> Result<Vec<(i64, Conflict)>> {
    let Filter { connection, contact } = filter;
    let statement = db.prepare_cached(&statement(filter)).await.map_err(failed)?;
    let found = db.query(&statement, &[&tenant, contact, connection, &before, &rows]).await.map_err(failed)?;
    found.iter().map(conflict).collect::<Result<_, _>>().map_err(failed)
}

/// The statement: its parameters are the tenant, the contact, the connection, the conflict before, and how many.
pub fn statement(filter: &Filter) -> String {
    const COLUMNS: &str = "id, contact_id, connection_id, field, ours, theirs, kept, occurred_at";
    let (with, source, which) = match (&filter.contact, &filter.connection) {
        // Those of one contact are few: they are found by it, and then put in order.
        (Some(_), _) => (
            "with own as materialized (select * from sync_conflicts where tenant_id = $1 and contact_id = $2)",
            "own",
            "($3::text is null or connection_id = $3)",
        ),
        (None, Some(_)) => ("", "sync_conflicts", "$2::uuid is null and connection_id = $3"),
        (None, None) => ("", "sync_conflicts", "$2::uuid is null and $3::text is null"),
    };
    format!(
        "{with} select {COLUMNS} from {source} \
         where tenant_id = $1 and {which} and id < coalesce($4::bigint, 9223372036854775807) order by id desc limit $5"
    )
}

fn conflict(row: &Row) -> Result<(i64, Conflict), tokio_postgres::Error> {
    let json =
        |index: usize| Ok::<_, tokio_postgres::Error>(row.try_get::<_, Option<Json<_>>>(index)?.map(|json| json.0));
    let kept: &str = row.try_get(6)?;
    let conflict = Conflict {
        contact_id: row.try_get(1)?,
        connection: row.try_get(2)?,
        field: row.try_get(3)?,
        ours: json(4)?,
        theirs: json(5)?,
        // The column's check knows no third word.
        kept: if kept == "ours" { Side::Ours } else { Side::Theirs },
        occurred_at: row.try_get(7)?,
    };
    Ok((row.try_get(0)?, conflict))
}
