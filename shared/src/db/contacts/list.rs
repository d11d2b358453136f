//! Lists of contacts: any filters, any order, every page at the same cost.

use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::ShownLink;
use super::row::{contact, links_of};
use super::statement::Statement;
use crate::contact::{Contact, Filter, Sort};
use crate::db::trip::query_typed;
use crate::db::{Connection, GenericClient, failed};
use crate::error::Result;

/// What is asked of a list.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// Which contacts.
    pub filter: &'a Filter,
    /// In which order.
    pub sort: Sort,
    /// Only those after this one: its sort key, as text, and its id.
    pub after: Option<&'a (String, Uuid)>,
    /// At most so many.
    pub rows: i64,
    /// Whether with their links.
    pub links: bool,
    /// Whether to count all that match, too.
    pub total: bool,
}

/// What was found.
#[derive(Debug)]
pub struct Listed {
    /// The contacts in order, with their links if those were wanted.
    pub contacts: Vec<(Contact, Vec<ShownLink>)>,
    /// How many match in all, if that was wanted.
    pub total: Option<i64>,
}

/// A part of a list.
pub async fn list(db: &Connection, tenant: &str, wanted: &Wanted<'_>) -> Result<Listed> {
    let Statement { sql, values, few_forms } = Statement::of(tenant, wanted)?;
    let rows = if few_forms {
        let statement = db.prepare_cached(&sql).await.map_err(failed)?;
        let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|(value, _)| &**value as _).collect();
        db.query(&statement, &values).await
    } else {
        // Filters have more combinations than a connection should keep plans for; this is one round trip as well.
        let values: Vec<(&(dyn ToSql + Sync), Type)> =
            values.iter().map(|(value, kind)| (&**value as _, kind.clone())).collect();
        query_typed(db, &sql, &values).await
    };
    let rows = rows.map_err(failed)?;
    let total =
        if wanted.total { rows.first().map(|row| row.try_get("total")).transpose().map_err(failed)? } else { None };
    let mut contacts = Vec::with_capacity(rows.len());
    for row in &rows {
        // A total of a page without contacts comes in a row without a contact.
        if row.try_get::<_, Option<Uuid>>(0).map_err(failed)?.is_some() {
            contacts.push((contact(row)?, if wanted.links { links_of(row)? } else { Vec::new() }));
        }
    }
    Ok(Listed { contacts, total })
}
