//! Walking through a list from page to page: through the function, by the statement alone, and with PostgreSQL's plans.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use crosswalk::contacts::Listing;
use crosswalk::db::contacts::{Statement, Wanted};
use crosswalk::paging::Window;
use serde_json::Value;
use support::app::{Api, Ask};
use support::gateway;
use support::lists::{Place, Plan, explain, listing, place_of};
use support::runtime_api::Function;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use crate::measure::Times;

/// Contacts of a page.
pub const LIMIT: usize = 50;

/// Pages whose plans are looked at, so that one page more or less of an index doesn't count.
const PLANS: usize = 10;

/// Who walks, and through what.
pub struct Walker<'a> {
    pub sql: &'a Client,
    pub api: &'a Api<'a>,
    function: &'a Function,
}

/// A list to walk through.
#[derive(Debug, Clone)]
pub struct List {
    /// The request's parameters.
    pub query: String,
    /// Whether the total is asked for.
    pub counted: bool,
    /// Which page is asked for after a page.
    pub then: Then,
}

/// Where a walk goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// To the page after it.
    TheNext,
    /// Nowhere: the page itself is what is dear, and those after it are not.
    TheSame,
}

/// What pages of a list cost.
pub struct Walked {
    /// An invocation of the function.
    pub function: Times,
    /// The statement alone.
    pub statement: Times,
    /// Buffers of a page, on average.
    pub buffers: f64,
    /// Scans of the whole table, in all pages.
    pub sequential: usize,
    /// What PostgreSQL did for the first of them.
    pub shape: String,
}

impl<'a> Walker<'a> {
    pub fn new(sql: &'a Client, api: &'a Api<'a>, function: &'a Function) -> Self {
        Self { sql, api, function }
    }

    /// Walks so many pages on from a place, and from the beginning again when the list has ended.
    pub async fn walk(&self, list: &List, from: Option<Place>, pages: usize) -> Walked {
        let [walked] = self.walk_side_by_side(list, [from], pages).await;
        walked
    }

    /// The same from several places, a page of each in turn, so that the machine's moods are the same for all.
    pub async fn walk_side_by_side<const N: usize>(
        &self,
        list: &List,
        from: [Option<Place>; N],
        pages: usize,
    ) -> [Walked; N] {
        let listing = listing(self.ask(list, None));
        let mut cursors = from.each_ref().map(|place| place.as_ref().map(|place| self.cursor(&listing, place)));
        let mut times = [const { Vec::new() }; N];
        // The first is not counted: its statement is not prepared yet.
        for page in 0..=pages {
            for (cursor, times) in cursors.iter_mut().zip(&mut times) {
                let (took, next) = self.invoke(list, cursor.as_deref()).await;
                if list.then == Then::TheNext {
                    *cursor = next;
                }
                times.extend((page > 0).then_some(took));
            }
        }
        let mut walked = Vec::with_capacity(N);
        for (times, from) in times.into_iter().zip(from) {
            walked.push(self.look(&listing, from, list.then, Times::of(times)).await);
        }
        walked.try_into().unwrap_or_else(|_| unreachable!("as many as there were places"))
    }

    /// What the same pages cost PostgreSQL.
    async fn look(&self, listing: &Listing, from: Option<Place>, then: Then, function: Times) -> Walked {
        let (statement, places) = self.query(listing, from, then, function.count()).await;
        let mut plans: Vec<Plan> = Vec::new();
        for place in places.iter().take(PLANS) {
            plans.push(explain(self.sql, &self.api.client.tenant, &wanted(listing, place.as_ref())).await);
        }
        let buffers: i64 = plans.iter().map(|plan| plan.buffers).sum();
        #[expect(clippy::cast_precision_loss, reason = "no count here comes near 2^52")]
        let buffers = buffers as f64 / plans.len() as f64;
        let sequential = plans.iter().map(|plan| plan.sequential).sum();
        Walked { function, statement, buffers, sequential, shape: plans.swap_remove(0).shape }
    }

    /// Invokes the function for a page, and answers how long that took and where the next page is.
    async fn invoke(&self, list: &List, cursor: Option<&str>) -> (Duration, Option<String>) {
        let event = Bytes::from(self.ask(list, cursor).event().to_string());
        let begun = Instant::now();
        let answer = self.function.invoke_bytes(event).await.unwrap_or_else(|error| panic!("no answer: {error}"));
        let took = begun.elapsed();
        let answer = serde_json::from_slice(&answer).expect("the answer is JSON");
        let (head, body) = gateway::response(&answer).into_parts();
        assert_eq!(head.status, 200, "{list:?}: {}", body.escape_ascii());
        let page: Value = serde_json::from_slice(&body).expect("a page is JSON");
        (took, page["next"].as_str().map(str::to_owned))
    }

    /// The same by the statement alone, prepared or not as the function does it. Answers where each page began, too.
    async fn query(
        &self,
        listing: &Listing,
        from: Option<Place>,
        then: Then,
        pages: usize,
    ) -> (Times, Vec<Option<Place>>) {
        let (mut times, mut places, mut after) = (Vec::new(), Vec::new(), from);
        let mut prepared = HashMap::new();
        for _ in 0..pages {
            let statement = Statement::of(&self.api.client.tenant, &wanted(listing, after.as_ref()));
            let statement = statement.unwrap_or_else(|error| panic!("no statement: {}", error.chain()));
            let (took, rows) = self.rows(&statement, &mut prepared).await;
            times.push(took);
            places.push(after.clone());
            if then == Then::TheNext {
                after = (rows.len() > LIMIT).then(|| place_of(&rows[LIMIT - 1], listing.sort));
            }
        }
        (Times::of(times), places)
    }

    async fn rows(
        &self,
        statement: &Statement,
        prepared: &mut HashMap<String, tokio_postgres::Statement>,
    ) -> (Duration, Vec<Row>) {
        let Statement { sql, values, few_forms } = statement;
        if *few_forms && !prepared.contains_key(sql) {
            prepared.insert(sql.clone(), self.sql.prepare(sql).await.expect("the statement can be prepared"));
        }
        let begun = Instant::now();
        let rows = if *few_forms {
            let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|(value, _)| &**value as _).collect();
            self.sql.query(&prepared[sql], &values).await
        } else {
            let values: Vec<(&(dyn ToSql + Sync), _)> =
                values.iter().map(|(value, kind)| (&**value as _, kind.clone())).collect();
            self.sql.query_typed(sql, &values).await
        };
        (begun.elapsed(), rows.unwrap_or_else(|error| panic!("{sql}: {error}")))
    }

    fn ask(&self, List { query, counted, .. }: &List, cursor: Option<&str>) -> Ask {
        let cursor = cursor.map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
        let ask = self.api.ask("GET", &format!("/contacts?limit={LIMIT}&{query}{cursor}"));
        if *counted { ask.header("prefer", "count=exact") } else { ask }
    }

    /// The cursor of a page that ends at this place: there is one more row than fits.
    fn cursor(&self, listing: &Listing, place: &Place) -> String {
        let rows = vec![(place, String::new()); 2];
        let page = Window { limit: 1, cursor: None }.cut(&listing.question(&self.api.client.tenant), rows);
        page.next.expect("there is more")
    }
}

fn wanted<'a>(listing: &'a Listing, after: Option<&'a Place>) -> Wanted<'a> {
    let Listing { filter, sort, window, links, total } = listing;
    Wanted { filter, sort: *sort, after, rows: window.rows(), links: *links, total: *total }
}
