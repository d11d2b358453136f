//! The statement of a list: put together from fixed pieces; what a caller sent is only ever a parameter.
//!
//! A page begins where the one before ended (a keyset, never OFFSET), so walking the order's index costs the same on
//! every page, as long as nearly every contact on the way belongs to the list. Filters change that: walking to
//! the few contacts with a rare tag would read the whole tenant, and sorting the many with a common one would read them
//! all. So the statement finds out what it has to do with, in steps, each of which runs only if those before it did
//! not make the page:
//!
//! 1. *probe*: the next 1,000 contacts in order. Where a match is common, the page is among them.
//! 2. *matches*, by the index of terms. Those of most filters are few, and are sorted.
//! 3. *walked*: they are many, so that walking on should meet them soon: 20,000 contacts are looked through. More than 1,000
//!    are many if the probe met some of them, so that the rest is likely near; else more than 5,000 are.
//! 4. They lie all together and far away, as those of an old import do: all matches are sorted after all, which costs
//!    what they are and not what the tenant has.
//!
//! Where a limit stands in the text, it is there for the planner, who takes one that it can't see for a tenth of all rows.

use std::fmt::Write;

use jiff::Timestamp;
use tokio_postgres::types::{ToSql, Type};

use super::list::Wanted;
use super::row::{columns, links};
use crate::contact::{Between, Filter, Sort, SortKey, rfc3339};
use crate::error::{Error, Result};

/// A parameter and its type.
pub type Value = (Box<dyn ToSql + Sync + Send>, Type);

/// A statement for a part of a list.
pub struct Statement {
    /// Its text.
    pub sql: String,
    /// Its parameters, `$1` first: the tenant, the number of rows, and what the text needs.
    pub values: Vec<Value>,
    /// Whether there are few statements of this kind, so that it is worth keeping.
    pub few_forms: bool,
}

impl Statement {
    /// The statement for what is wanted.
    pub fn of(tenant: &str, wanted: &Wanted<'_>) -> Result<Self> {
        let pieces = Pieces::of(tenant, wanted)?;
        let (order, Page { with, select }) = (&pieces.order, pieces.page());
        let links = if wanted.links { concat!(", ", links!(), " as links") } else { "" };
        let columns = columns!();
        let sql = if wanted.total {
            let total = pieces.total();
            format!(
                "{with} select {columns}{links}, t.total from ({total}) t left join ({select}) c on true \
                 order by {order} limit $2"
            )
        } else {
            format!("{with} select {columns}{links} from ({select}) c order by {order} limit $2")
        };
        let few_forms = pieces.terms.is_empty() && !wanted.total;
        Ok(Self { sql, values: pieces.values, few_forms })
    }
}

type Values = Vec<Value>;

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
        let mut values = Values::new();
        bind(&mut values, Type::TEXT, tenant.to_owned());
        bind(&mut values, Type::INT8, wanted.rows);
        let Wanted { filter, sort, .. } = *wanted;
        let (mut bounds, mut terms) = (String::new(), String::new());
        for (key, between) in [(SortKey::CreatedAt, filter.created), (SortKey::UpdatedAt, filter.updated)] {
            within(if key == sort.key { &mut bounds } else { &mut terms }, column(key), between, &mut values);
        }
        add_terms(&mut terms, filter, &mut values);
        let (mut after, mut after_key) = (String::new(), String::new());
        if let Some((key, id)) = wanted.after {
            let (key, id) = (bind_key(&mut values, sort.key, key)?, bind(&mut values, Type::UUID, *id));
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
        let (terms, matches, walked, sorted) = (&self.terms, self.matches(), self.walked(), self.sorted());
        let found = format!("matches as materialized ({matches}), walked as materialized ({walked})");
        let whole = |name| format!("select * from {name} where (select count(*) = $2 from {name})");
        if !self.probes {
            let select = format!("({}) union all ({sorted})", whole("walked"));
            return Page { with: format!("with {found}"), select };
        }
        let next = self.next(1_000);
        Page {
            with: format!(
                "with probe as materialized (select c.* from ({next}) c where true{terms} limit $2), {found}"
            ),
            select: format!("({}) union all ({}) union all ({sorted})", whole("probe"), whole("walked")),
        }
    }

    /// All matches, wherever the page begins. This is planned for all of them, as every materialized query is, and so by
    /// the index that finds them; but no more are read than needed.
    fn matches(&self) -> String {
        let Self { bounds, terms, .. } = self;
        let (key, unless_found) = (column(self.sort.key), self.unless_probed());
        self.each(|state| {
            format!(
                "select c.id, c.{key} as key from contacts c where c.tenant_id = $1{state}{bounds}{terms}{unless_found}"
            )
        })
    }

    /// A bounded walk to matches that are many. A limit to plan by stands inside the one that is meant.
    fn walked(&self) -> String {
        let (next, terms) = (self.next(20_000), &self.terms);
        let more_than = |few: u32| format!("(select count(*) > {few} from (select from matches limit {}) m)", few + 1);
        let near = if self.probes { "(select count(*) > 6 from probe)" } else { "false" };
        format!(
            "select c.* from (\
                 select c.* from ({next}) c where (select ({near} and {}) or {}){terms} limit 201\
             ) c limit $2",
            more_than(1_000),
            more_than(5_000)
        )
    }

    /// The matches, sorted: if there was no walk, or if it was in vain.
    fn sorted(&self) -> String {
        let (after, order) = (&self.after_key, order(self.sort, "", "key"));
        format!(
            "select c.* from (\
                 select id from matches \
                 where (select count(*) < $2 from walked){after} \
                 order by {order} limit $2\
             ) f join contacts c on c.tenant_id = $1 and c.id = f.id"
        )
    }

    fn unless_probed(&self) -> &'static str {
        if self.probes { " and (select count(*) < $2 from probe)" } else { "" }
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
            let _ = write!(place, " and c.{column} {beyond} {}", bind(values, Type::TIMESTAMPTZ, time));
        }
    }
}

fn add_terms(terms: &mut String, filter: &Filter, values: &mut Values) {
    let mut add = |condition: String| {
        let _ = write!(terms, " and {condition}");
    };
    if let Some(status) = filter.status {
        add(format!("c.status = {}", bind(values, Type::TEXT, status.as_str())));
    }
    if let Some(email) = &filter.email {
        add(format!("c.email = {}", bind(values, Type::TEXT, email.as_str().to_owned())));
    }
    if let Some(company) = &filter.company {
        add(format!("c.company = {}", bind(values, Type::TEXT, company.as_str().to_owned())));
    }
    if let Some(tag) = &filter.tag {
        add(format!("c.tags @> array[{}::text]", bind(values, Type::TEXT, tag.as_str().to_owned())));
    }
    if let Some(remote) = &filter.remote {
        let connection = bind(values, Type::TEXT, remote.connection.clone());
        let remote_id = bind(values, Type::TEXT, remote.remote_id.clone());
        add(format!(
            "c.id = (select l.contact_id from links l \
             where l.tenant_id = $1 and l.connection_id = {connection} and l.remote_id = {remote_id})"
        ));
    }
    if let Some(text) = &filter.text {
        let pattern = bind(values, Type::TEXT, pattern(text));
        // The outer collation is the column's, without which its index would not be used.
        add(format!("c.search_text like (lower(normalize({pattern}::text) collate \"und-x-icu\") collate \"C\")"));
    }
}

/// The pattern of all texts that have this one in them, in which it means nothing but itself.
fn pattern(text: &str) -> String {
    format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"))
}

fn bind_key(values: &mut Values, key: SortKey, text: &str) -> Result<String> {
    // A cursor made by hand may hold anything.
    let malformed = || Error::Malformed("the cursor names no place".to_owned());
    if key.is_time() {
        let time: Timestamp = rfc3339(text).ok_or_else(malformed)?;
        return Ok(bind(values, Type::TIMESTAMPTZ, time));
    }
    if text.contains('\0') { Err(malformed()) } else { Ok(bind(values, Type::TEXT, text.to_owned())) }
}

/// Adds a parameter, and answers its name.
fn bind(values: &mut Values, kind: Type, value: impl ToSql + Sync + Send + 'static) -> String {
    values.push((Box::new(value), kind));
    format!("${}", values.len())
}
