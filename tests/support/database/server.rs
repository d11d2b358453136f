//! This process's one connection to the maintenance database. It makes and drops databases, and holds the advisory
//! locks that tell other test processes that this one lives; they end with it, however it ends.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use super::{leftovers, template};
use crate::background;
use crate::services;

/// First halves of advisory lock keys, in the maintenance database.
pub(super) const BUILDING: i32 = 0x6372_6f00;
pub(super) const TEMPLATES: i32 = 0x6372_6f01;
pub(super) const RUNS: i32 = 0x6372_6f02;

/// Beginnings of the names of databases; the lock's second half follows in hexadecimal.
pub(super) const TEMPLATE_PREFIX: &str = "crosswalk_test_template_";
pub(super) const RUN_PREFIX: &str = "crosswalk_test_run_";

static SERVER: OnceCell<Server> = OnceCell::const_new();

pub(super) struct Server {
    client: Client,
    run: i32,
    template: String,
    clones: AtomicU32,
}

impl Server {
    /// The process's connection, made by the first call.
    pub(super) async fn get() -> &'static Self {
        SERVER
            .get_or_init(|| async {
                // Elsewhere than in the caller's runtime, which ends with its test.
                background::spawn(Self::start()).await.expect("the template database could not be made, see above")
            })
            .await
    }

    async fn start() -> Self {
        let url = services::database_url();
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap_or_else(|error| {
            panic!("PostgreSQL does not answer at {url}: {error}. Run `make test`, which starts it.")
        });
        background::spawn(connection);
        let run = begin_run(&client).await;
        let template = template::ensure(&client).await;
        leftovers::drop_all(&client, &template).await;
        Self { client, run, template, clones: AtomicU32::new(0) }
    }

    /// Clones may go on side by side. The template takes no connections, so none can be in the way.
    pub(super) async fn clone_template(&self) -> String {
        self.clone_of(&self.template).await
    }

    /// A database can be cloned while nobody is connected to it.
    pub(super) async fn clone_database(&self, name: &str) -> String {
        let end = format!("select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = '{name}'");
        execute(&self.client, &end).await;
        self.clone_of(name).await
    }

    async fn clone_of(&self, source: &str) -> String {
        let number = self.clones.fetch_add(1, Ordering::Relaxed);
        let name = format!("{RUN_PREFIX}{:08x}_{number}", self.run);
        execute(&self.client, &format!("create database {name} template {source} strategy file_copy")).await;
        name
    }

    pub(super) async fn drop_database(&self, name: &str) {
        drop_database(&self.client, name).await;
    }
}

/// Drops it under those who are still connected.
pub(super) async fn drop_database(client: &Client, name: &str) {
    execute(client, &format!("drop database if exists {name} with (force)")).await;
}

/// Runs a statement that has no parameters; names in it are our own and need no quoting.
pub(super) async fn execute(client: &Client, statement: &str) {
    client.batch_execute(statement).await.unwrap_or_else(|error| panic!("`{statement}` failed: {error:?}"));
}

/// Calls one of PostgreSQL's advisory lock functions and waits. True unless a `try` function found the lock taken.
pub(super) async fn lock(client: &Client, function: &str, class: i32, key: i32) -> bool {
    let statement = format!("select coalesce(nullif({function}($1, $2)::text, ''), 'true') = 'true'");
    let row = client.query_one(&statement, &[&class, &key]).await;
    row.unwrap_or_else(|error| panic!("{function} failed: {error:?}")).get(0)
}

/// Takes a number that no living process has.
async fn begin_run(client: &Client) -> i32 {
    loop {
        let (_, random) = Uuid::now_v7().as_u64_pair();
        let run = i32::from_be_bytes(*random.to_be_bytes().last_chunk().expect("eight bytes hold four"));
        if lock(client, "pg_try_advisory_lock", RUNS, run).await {
            return run;
        }
    }
}
