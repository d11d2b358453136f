//! A test's look at the outbox: what waits, what was published, and whether the topic has it in order.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio_postgres::Client;
use uuid::Uuid;

use crate::app::TestApp;
use crate::kafka::{Record, Topic};
use crate::wait::eventually;

/// How long all that waits may take to be published, on a busy machine and after a lease has run out.
const DEADLINE: Duration = Duration::from_secs(40);

/// One of the outboxes of a test's application.
#[derive(Clone, Copy)]
pub struct Outbox<'a> {
    sql: &'a Client,
    table: &'static str,
    waits: &'static str,
    /// How the relay's claim of it begins.
    claim: &'static str,
}

/// The versions of each contact, in an order that matters.
pub type Versions = BTreeMap<String, Vec<i64>>;

/// The names of each record's webhooks, in an order that matters.
pub type Names = BTreeMap<String, Vec<String>>;

impl TestApp {
    /// Its outbox of what happened to contacts.
    pub fn outbox(&self) -> Outbox<'_> {
        Outbox::of_contacts(&self.sql)
    }

    /// Its outbox of webhooks.
    pub fn webhook_outbox(&self) -> Outbox<'_> {
        Outbox::of_webhooks(&self.sql)
    }
}

impl<'a> Outbox<'a> {
    /// What happened to contacts, by this connection.
    pub fn of_contacts(sql: &'a Client) -> Self {
        Self {
            sql,
            table: "contact_events",
            waits: "published_at is null and dead_at is null",
            claim: "-- The oldest waiting events",
        }
    }

    /// Webhooks, by this connection.
    pub fn of_webhooks(sql: &'a Client) -> Self {
        Self {
            sql,
            table: "webhook_events",
            waits: "published_at is null and state = 'received'",
            claim: "-- The oldest waiting webhooks",
        }
    }

    /// How many events wait.
    pub async fn waiting(&self) -> i64 {
        self.number(&format!("select count(*) from {} where {}", self.table, self.waits)).await
    }

    /// How many are marked as published.
    pub async fn published(&self) -> i64 {
        self.number(&format!("select count(*) from {} where published_at is not null", self.table)).await
    }

    /// Waits until nothing waits any more.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub async fn settled(&self) {
        let look = || async {
            let waiting = self.waiting().await;
            if waiting == 0 { Ok(()) } else { Err(waiting) }
        };
        eventually("all events to be published", DEADLINE, look).await;
    }

    /// Who has the lease, if it has not run out.
    ///
    /// # Panics
    ///
    /// When PostgreSQL refuses.
    pub async fn holder(&self) -> Option<Uuid> {
        let sql = "select case when until > clock_timestamp() then holder end from relay_leases where name = 'outbox'";
        self.sql.query_one(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}")).get(0)
    }

    /// Waits until somebody else than this holder has the lease.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub async fn holder_after(&self, former: Option<Uuid>) -> Uuid {
        let look = || async { self.holder().await.filter(|holder| Some(*holder) != former) };
        eventually("another shift to have the lease", DEADLINE, look).await
    }

    /// Takes the lease as soon as it has run out, and keeps it.
    ///
    /// # Panics
    ///
    /// When it is renewed again and again.
    pub async fn take_lease(&self) {
        let sql = "update relay_leases set holder = gen_random_uuid(), until = clock_timestamp() + interval '1 hour' \
                   where name = 'outbox' and until <= clock_timestamp()";
        let look = || async { self.sql.execute(sql, &[]).await.is_ok_and(|rows| rows == 1) };
        eventually("the lease to run out", DEADLINE, look).await;
    }

    /// Takes the lease, whoever has it, and keeps it.
    ///
    /// # Panics
    ///
    /// When PostgreSQL refuses.
    pub async fn seize_lease(&self) {
        let sql = "update relay_leases set holder = gen_random_uuid(), until = clock_timestamp() + interval '1 hour'";
        self.sql.execute(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Waits until a relay has been told of all that waits: a claim has ended that began after now.
    ///
    /// # Panics
    ///
    /// When none claims.
    pub async fn claimed(&self) {
        self.asked(self.claim).await;
    }

    /// Waits until a relay has been answered a statement that begins so, and that it asked after now.
    ///
    /// # Panics
    ///
    /// When none asks.
    pub async fn asked(&self, statement: &str) {
        let now = self.sql.query_one("select clock_timestamp()::text", &[]).await;
        let now: String = now.unwrap_or_else(|error| panic!("no time: {error}")).get(0);
        let claims = format!(
            "select count(*) from pg_stat_activity where datname = current_database() and state = 'idle' \
             and query like '{statement}%' and query_start > '{now}'::timestamptz"
        );
        eventually("a relay to ask", DEADLINE, || async { self.number(&claims).await > 0 }).await;
    }

    /// Waits until a relay has been at work on the answer to a statement that begins so for longer than any answer of
    /// nothing keeps it: it was given something, and is held up with that. It must have one connection.
    ///
    /// # Panics
    ///
    /// When that takes too long.
    pub async fn held_up(&self, statement: &str) {
        let since = format!(
            "select count(*) from pg_stat_activity where datname = current_database() and state = 'idle' \
             and query like '{statement}%' and state_change < clock_timestamp() - interval '3 s'"
        );
        eventually("a relay to be held up", DEADLINE, || async { self.number(&since).await > 0 }).await;
    }

    /// The versions that are to be published of each contact, in the order of their events' ids.
    ///
    /// # Panics
    ///
    /// When PostgreSQL refuses.
    pub async fn versions(&self) -> Versions {
        let sql = "select contact_id::text, array_agg(version::bigint order by id) from contact_events \
                   where dead_at is null group by 1";
        let rows = self.sql.query(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// Makes sure that the topic has every event, and that of each contact none was first published before an earlier one.
    /// Later copies may be anywhere.
    ///
    /// # Panics
    ///
    /// When one is missing or out of order.
    pub async fn assert_published(&self, topic: &Topic) {
        assert_eq!(first_published(&topic.records().await), self.versions().await, "left: Kafka, right: PostgreSQL");
    }

    /// The names of the webhooks that are to be published, in the order of their ids.
    ///
    /// # Panics
    ///
    /// When PostgreSQL refuses.
    pub async fn names(&self) -> Names {
        let sql = "select connection_id || '/' || coalesce(remote_id, ''), array_agg(ce_id::text order by id) \
                   from webhook_events where state <> 'dead' group by 1";
        let rows = self.sql.query(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// Makes sure that the topic has every webhook, and that of each record none was first published before an earlier
    /// one. Later copies may be anywhere.
    ///
    /// # Panics
    ///
    /// When one is missing or out of order.
    pub async fn assert_webhooks_published(&self, topic: &Topic) {
        assert_eq!(first_named(&topic.records().await), self.names().await, "left: Kafka, right: PostgreSQL");
    }

    async fn number(&self, sql: &str) -> i64 {
        self.sql.query_one(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}")).get(0)
    }
}

/// The versions of each contact in the order in which a topic had each of them first.
///
/// # Panics
///
/// When a record has no key or no version.
pub fn first_published(records: &[Record]) -> Versions {
    first_seen(records, |record| record.value["version"].as_i64().unwrap_or_else(|| panic!("no version: {record:?}")))
}

/// The names of each record's webhooks in the order in which a topic had each of them first.
///
/// # Panics
///
/// When a record has no key or no name.
pub fn first_named(records: &[Record]) -> Names {
    first_seen(records, |record| record.headers["ce_id"].clone())
}

/// What tells the records of a key apart, in the order in which each was there first.
fn first_seen<T: PartialEq>(records: &[Record], name: impl Fn(&Record) -> T) -> BTreeMap<String, Vec<T>> {
    let mut keys: BTreeMap<String, Vec<T>> = BTreeMap::new();
    for record in records {
        let key = record.key.clone().unwrap_or_else(|| panic!("no key: {record:?}"));
        let (seen, name) = (keys.entry(key).or_default(), name(record));
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    keys
}
