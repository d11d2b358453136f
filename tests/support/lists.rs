//! Lists of a [`Crowd`](crate::crowd::Crowd)'s contacts: what can be asked, and what PostgreSQL does for it.

use crosswalk::contact::{Sort, SortKey};
use crosswalk::contacts::Listing;
use crosswalk::db::contacts::{Statement, Wanted};
use crosswalk::http;
use serde_json::Value;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::app::Ask;

/// Where a contact stands in an order: its sort key, as text, and its id.
pub type Place = (String, Uuid);

/// What is asked of lists, by name, as parameters of the request.
pub const CASES: [(&str, &str); 31] = [
    ("a rare tag", "tag=rare"),
    ("a tag of one in a hundred", "tag=middling"),
    ("a tag of one in sixteen", "tag=frequent"),
    ("the tag of an old import", "tag=import"),
    ("a common tag", "tag=common"),
    ("no such tag", "tag=absent"),
    ("a tag of other tenants", "tag=theirs"),
    ("a rare word", "q=zebra"),
    ("a common word", "q=Example.Com"),
    ("no such word", "q=xylophone"),
    ("a common status", "status=active"),
    ("a rare status", "status=lead"),
    ("an address", "email=6fbc56d4@example.com"),
    ("a company", "company=Company%208"),
    ("a remote id", "connection=cn_a&remoteId=4"),
    ("no such remote id", "connection=cn_a&remoteId=8"),
    ("made since", "createdAfter=2026-05-31T00:00:00Z"),
    ("made lately", "createdAfter=2026-05-31T23:00:00Z"),
    ("made before", "createdBefore=2026-05-31T00:00:00Z"),
    ("changed since", "updatedAfter=2026-07-27T00:00:00Z"),
    ("changed before", "updatedBefore=2026-07-01T00:00:00Z"),
    ("two rare terms", "tag=rare&status=lead"),
    ("a common tag and status", "tag=common&status=inactive"),
    ("a common tag, a rare status", "tag=common&status=lead"),
    ("a rare word, a common status", "q=zebra&status=active"),
    ("a common word, a rare status", "q=example.com&status=lead"),
    ("a rare word, a common tag", "q=zebra&tag=common"),
    ("a common word, a rare tag", "q=example.com&tag=rare"),
    ("a status, made lately", "status=inactive&createdAfter=2026-05-31T23:00:00Z"),
    ("a company and a status", "company=Company%208&status=active"),
    ("a company and a tag", "company=Company%208&tag=common"),
];

/// What PostgreSQL did for a page.
#[derive(Debug)]
pub struct Plan {
    /// Pages of tables and indexes that were looked at.
    pub buffers: i64,
    /// Rows of contacts that scans gave or threw away.
    pub contacts: i64,
    /// Scans of the whole table.
    pub sequential: usize,
    /// What was run, such as `probe: Index Scan contacts_by_email`.
    pub shape: String,
}

/// What a request asks, as its function reads it.
///
/// # Panics
///
/// When it is no request for a list of contacts.
pub fn listing(ask: Ask) -> Listing {
    let (app, event) = (ask.app(), ask.event().to_string());
    let request = lambda_http::request::from_str(&event).unwrap_or_else(|error| panic!("no event: {error}"));
    http::listing(&app, &request).unwrap_or_else(|error| panic!("no list: {}", error.chain()))
}

/// Where so many contacts of a tenant's list without filters lie before; `None` at its beginning.
///
/// # Panics
///
/// When the list is shorter.
pub async fn place(sql: &Client, tenant: &str, sort: Sort, before: usize) -> Option<Place> {
    let place = before.checked_sub(1)?;
    let (column, order) = order(sort);
    let text = format!(
        "select {column}, id from contacts where tenant_id = $1 and deleted_at is null order by {order} \
         offset {place} limit 1"
    );
    let row = sql.query_one(&text, &[&tenant]).await;
    Some(place_of(&row.unwrap_or_else(|error| panic!("nothing is at {place}: {error}")), sort))
}

/// Where the contact of this row stands.
pub fn place_of(row: &Row, sort: Sort) -> Place {
    let (column, _) = order(sort);
    let key = if sort.key.is_time() { row.get::<_, jiff::Timestamp>(column).to_string() } else { row.get(column) };
    (key, row.get("id"))
}

/// The column that is sorted by, and the whole order.
pub fn order(sort: Sort) -> (&'static str, String) {
    let column = match sort.key {
        SortKey::CreatedAt => "created_at",
        SortKey::UpdatedAt => "updated_at",
        SortKey::LastName => "last_name",
        SortKey::Email => "email",
    };
    let direction = if sort.descending { "desc" } else { "asc" };
    (column, format!("{column} {direction}, id {direction}"))
}

/// Reads a part of a list, and tells how PostgreSQL did it.
///
/// # Panics
///
/// When PostgreSQL refuses.
pub async fn explain(sql: &Client, tenant: &str, wanted: &Wanted<'_>) -> Plan {
    let statement = Statement::of(tenant, wanted).unwrap_or_else(|error| panic!("no statement: {}", error.chain()));
    let values: Vec<&(dyn ToSql + Sync)> = statement.values.iter().map(|(value, _)| &**value as _).collect();
    let text = format!("explain (analyze, buffers, timing off, format json) {}", statement.sql);
    let row = sql.query_one(&text, &values).await.unwrap_or_else(|error| panic!("{text}: {error}"));
    let root = row.get::<_, Value>(0)[0]["Plan"].take();
    let buffers = number(&root, "Shared Hit Blocks") + number(&root, "Shared Read Blocks");
    let mut plan = Plan { buffers, contacts: 0, sequential: 0, shape: shape(&root) };
    add_scans(&root, &mut plan);
    plan
}

/// Adds what the scans of contacts below this node read, those that were never run left out.
fn add_scans(node: &Value, plan: &mut Plan) {
    let loops = number(node, "Actual Loops");
    if node["Relation Name"] == "contacts" && loops > 0 {
        let rows = ["Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck"];
        plan.contacts += loops * rows.iter().map(|name| number(node, name)).sum::<i64>();
        plan.sequential += usize::from(node["Node Type"] == "Seq Scan");
    }
    for child in children(node) {
        add_scans(child, plan);
    }
}

/// The scans below this node and itself, as far as they were run, after the name of the part of the statement that they are in.
fn shape(node: &Value) -> String {
    let text = |name: &str| node[name].as_str().unwrap_or_default();
    if number(node, "Actual Loops") == 0 {
        return String::new();
    }
    let kind = text("Node Type");
    let name = ["Index Name", "Relation Name"].into_iter().map(text).find(|name| !name.is_empty());
    let own =
        name.filter(|_| kind.ends_with("Scan") && kind != "Bitmap Heap Scan").map(|name| format!("{kind} {name}"));
    let all: Vec<String> = own.into_iter().chain(children(node).map(shape)).filter(|shape| !shape.is_empty()).collect();
    match text("Subplan Name").strip_prefix("CTE ") {
        Some(name) if !all.is_empty() => format!("{name}: {}", all.join(" + ")),
        _ => all.join(", "),
    }
}

fn children(node: &Value) -> impl Iterator<Item = &Value> {
    node["Plans"].as_array().into_iter().flatten()
}

fn number(node: &Value, name: &str) -> i64 {
    node[name].as_i64().unwrap_or_default()
}
