//! Lists of contacts: any filters, any order, every page at the same cost.
//!
//! A page begins where the one before ended (a keyset, never OFFSET), so walking the order's index costs the same on
//! every page, as long as nearly every contact on the way belongs to the list. Filters change that: walking to
//! the few contacts with a rare tag would read the whole tenant, and sorting the many with a common one would read them
//! all. So the statement finds out what it has to do with, in three steps, each of which runs only if the one before
//! it did not make the page:
//!
//! 1. *probe*: the next 500 contacts in order. Where a match is common, the page is among them.
//! 2. *few*: all matches, by the index of terms. If there are at most 5,000, they are sorted.
//! 3. *walk*: there are many matches and none near by. Since they are many, walking on meets them soon.
//!
//! Statements are put together from fixed pieces; what a caller sent is only ever a parameter. Where a limit stands in the
//! text, it is there for the planner, who takes a limit that it can't see for a tenth of all rows.

use std::fmt::Write;

use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::ShownLink;
use super::row::{columns, contact, links, links_of};
use crate::contact::{Between, Contact, Filter, Sort, SortKey};
use crate::db::failed;
use crate::error::{Error, Result};

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
pub async fn list(db: &impl GenericClient, tenant: &str, wanted: &Wanted<'_>) -> Result<Listed> {
    let (sql, values) = statement(tenant, wanted)?;
    let statement = db.prepare_cached(&sql).await.map_err(failed)?;
    let parameters: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| &**value as &(dyn ToSql + Sync)).collect();
    let rows = db.query(&statement, &parameters).await.map_err(failed)?;
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

/// Parameters, `$1` first.
pub type Values = Vec<Box<dyn ToSql + Sync + Send>>;

/// The statement for what is wanted, and its parameters: `$1` is the tenant, `$2` the number of rows. It is public so
/// that its plans can be looked at.
pub fn statement(tenant: &str, wanted: &Wanted<'_>) -> Result<(String, Values)> {
    let pieces = Pieces::of(tenant, wanted)?;
    let (order, page) = (&pieces.order, pieces.page());
    let links = if wanted.links { concat!(", ", links!(), " as links") } else { "" };
    let columns = columns!();
    let sql = if wanted.total {
        let total = pieces.total();
        format!(
            "{} select {columns}{links}, t.total from ({total}) t left join ({}) c on true order by {order} limit $2",
            page.with, page.select
        )
    } else {
        format!("{} select {columns}{links} from ({}) c order by {order} limit $2", page.with, page.select)
    };
    Ok((sql, pieces.values))
}

/// A `with` clause, perhaps empty, and a select that uses it.
struct Page {
    with: String,
    select: String,
}

struct Pieces {
    values: Values,
    sort: Sort,
    order: String,
    /// ` and …`: a stretch of the order's index.
    bounds: String,
    /// ` and …`: where in that index to begin.
    after: String,
    /// ` and …`: the same of a row that has only `key` and `id`.
    after_key: String,
    /// ` and …`: what the order's index says nothing of.
    terms: String,
    /// Whether the matches may be many, so that it pays to look among the next contacts first.
    probes: bool,
    deleted: bool,
}

impl Pieces {
    fn of(tenant: &str, wanted: &Wanted<'_>) -> Result<Self> {
        let mut values: Values = vec![Box::new(tenant.to_owned()), Box::new(wanted.rows)];
        let Wanted { filter, sort, .. } = *wanted;
        let (mut bounds, mut terms) = (String::new(), String::new());
        for (key, between) in [(SortKey::CreatedAt, filter.created), (SortKey::UpdatedAt, filter.updated)] {
            within(if key == sort.key { &mut bounds } else { &mut terms }, column(key), between, &mut values);
        }
        add_terms(&mut terms, filter, &mut values);
        let (mut after, mut after_key) = (String::new(), String::new());
        if let Some((key, id)) = wanted.after {
            let (key, id) = (bind_key(&mut values, sort.key, key)?, bind(&mut values, *id));
            let beyond = if sort.descending { "<" } else { ">" };
            after = format!(" and (c.{}, c.id) {beyond} ({key}, {id})", column(sort.key));
            after_key = format!(" and (key, id) {beyond} ({key}, {id})");
        }
        // An address or a remote id belongs to one contact or a few: no use in looking for it near by.
        let probes = filter.email.is_none() && filter.remote.is_none();
        let order = order(sort, "c.", column(sort.key));
        Ok(Self { values, sort, order, bounds, after, after_key, terms, probes, deleted: filter.deleted })
    }

    fn page(&self) -> Page {
        if self.terms.is_empty() {
            return Page { with: String::new(), select: self.next(201) };
        }
        let (few, sorted, walked) = (self.few(), self.sorted(), self.walked());
        if !self.probes {
            return Page { with: format!("with {few}"), select: format!("({sorted}) union all ({walked})") };
        }
        let (next, terms) = (self.next(500), &self.terms);
        let with = format!("with probe as materialized (select c.* from ({next}) c where true{terms} limit $2), {few}");
        let probed = "select * from probe where (select count(*) = $2 from probe)";
        Page { with, select: format!("({probed}) union all ({sorted}) union all ({walked})") }
    }

    /// All matches, wherever the page begins, or the first that show that they are many. This is planned for all of
    /// them, as every materialized query is, and so by the index that finds them; but no more are read than needed.
    fn few(&self) -> String {
        let Self { bounds, terms, .. } = self;
        let unless_found = if self.probes { " and (select count(*) < $2 from probe)" } else { "" };
        let matches = self.each(|state| {
            let key = column(self.sort.key);
            format!(
                "select c.id, c.{key} as key from contacts c where c.tenant_id = $1{state}{bounds}{terms}{unless_found}"
            )
        });
        format!("matches as materialized ({matches}), few as materialized (select id, key from matches limit 5001)")
    }

    fn sorted(&self) -> String {
        let (after, order) = (&self.after_key, order(self.sort, "", "key"));
        format!(
            "select c.* from (select id from few where (select count(*) <= 5000 from few){after} order by {order} \
             limit $2) f join contacts c on c.tenant_id = $1 and c.id = f.id"
        )
    }

    fn walked(&self) -> String {
        let (all, terms) = (self.next(1_000_000_000), &self.terms);
        // A limit to plan by, and the one that is meant.
        format!(
            "select c.* from (select c.* from ({all}) c where (select count(*) > 5000 from few){terms} limit 201) c \
             limit $2"
        )
    }

    /// The next contacts in order, whatever they are. The limit keeps the planner from moving terms in here, where they
    /// would make it choose another index.
    fn next(&self, limit: u32) -> String {
        let Self { order, bounds, after, .. } = self;
        let in_order = |state: &str| {
            format!(
                "select c.* from contacts c where c.tenant_id = $1{state}{bounds}{after} order by {order} limit {limit}"
            )
        };
        let all = self.each(in_order);
        if self.deleted { format!("select c.* from ({all}) c order by {order} limit {limit}") } else { all }
    }

    /// The number of all matches, wherever the page begins.
    fn total(&self) -> String {
        let Self { bounds, terms, .. } = self;
        let state = if self.deleted { "" } else { LIVE };
        format!("select count(*) as total from contacts c where c.tenant_id = $1{state}{bounds}{terms}")
    }

    /// The same of the live contacts and, if they are wanted, of the deleted ones: each have their own indexes.
    fn each(&self, select: impl Fn(&str) -> String) -> String {
        if !self.deleted {
            return select(LIVE);
        }
        format!("({}) union all ({})", select(LIVE), select(DELETED))
    }
}

const LIVE: &str = " and c.deleted_at is null";
const DELETED: &str = " and c.deleted_at is not null";

fn column(key: SortKey) -> &'static str {
    match key {
        SortKey::CreatedAt => "created_at",
        SortKey::UpdatedAt => "updated_at",
        SortKey::LastName => "last_name",
        SortKey::Email => "email",
    }
}

fn order(sort: Sort, row: &str, key: &str) -> String {
    let direction = if sort.descending { " desc" } else { "" };
    format!("{row}{key}{direction}, {row}id{direction}")
}

fn within(place: &mut String, column: &str, between: Between, values: &mut Values) {
    for (beyond, time) in [(">", between.after), ("<", between.before)] {
        if let Some(time) = time {
            let _ = write!(place, " and c.{column} {beyond} {}", bind(values, time));
        }
    }
}

fn add_terms(terms: &mut String, filter: &Filter, values: &mut Values) {
    let mut add = |condition: String| {
        let _ = write!(terms, " and {condition}");
    };
    if let Some(status) = filter.status {
        add(format!("c.status = {}", bind(values, status.as_str())));
    }
    if let Some(email) = &filter.email {
        add(format!("c.email = {}", bind(values, email.as_str().to_owned())));
    }
    if let Some(company) = &filter.company {
        add(format!("c.company = {}", bind(values, company.as_str().to_owned())));
    }
    if let Some(tag) = &filter.tag {
        add(format!("c.tags @> array[{}::text]", bind(values, tag.as_str().to_owned())));
    }
    if let Some(remote) = &filter.remote {
        let connection = bind(values, remote.connection.clone());
        let remote_id = bind(values, remote.remote_id.clone());
        add(format!(
            "c.id = (select l.contact_id from links l \
             where l.tenant_id = $1 and l.connection_id = {connection} and l.remote_id = {remote_id})"
        ));
    }
    if let Some(text) = &filter.text {
        let pattern = bind(values, pattern(text));
        // The outer collation is the column's, without which its index would not be used.
        add(format!("c.search_text like (lower(normalize({pattern}::text) collate \"und-x-icu\") collate \"C\")"));
    }
}

/// The pattern of all texts that have this one in them, in which it means nothing but itself.
fn pattern(text: &str) -> String {
    format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

fn bind_key(values: &mut Values, key: SortKey, text: &str) -> Result<String> {
    if !key.is_time() {
        return Ok(bind(values, text.to_owned()));
    }
    let time: Timestamp = text.parse().map_err(|_| Error::Malformed("the cursor names no time".to_owned()))?;
    Ok(bind(values, time))
}

/// Adds a parameter, and answers its name.
fn bind(values: &mut Values, value: impl ToSql + Sync + Send + 'static) -> String {
    values.push(Box::new(value));
    format!("${}", values.len())
}
