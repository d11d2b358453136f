//! A database per test.

use std::env;
use std::time::Duration;

use support::database::TestDatabase;
use support::services;
use tokio::process::Command;
use tokio::time::Instant;
use tokio_postgres::{Client, NoTls};

#[tokio::test]
async fn a_clone_has_the_schema_and_no_rows_and_is_its_own() {
    let (one, other) = tokio::join!(TestDatabase::create(), TestDatabase::create());
    assert_ne!(one.name(), other.name());
    let (here, there) = (one.connect().await, other.connect().await);
    here.batch_execute("insert into tenants (id, name) values ('tn_a', 'A')").await.unwrap();
    assert_eq!(count(&here, "tenants").await, 1);
    assert_eq!(count(&there, "tenants").await, 0);
}

#[tokio::test]
async fn the_functions_role_has_its_rights_and_its_time_outs() {
    let database = TestDatabase::create().await;
    let credentials = database.credentials();
    let (client, connection) = tokio_postgres::Config::new()
        .host(&credentials.host)
        .port(credentials.port)
        .dbname(&credentials.dbname)
        .user(&credentials.username)
        .password(&credentials.password)
        .connect(NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    assert_eq!(count(&client, "contacts").await, 0);
    client.batch_execute("create table mine ()").await.expect_err("the role makes no tables");
    for (setting, expected) in [("statement_timeout", "5s"), ("idle_session_timeout", "10min"), ("jit", "off")] {
        let shown: String = client.query_one(&format!("show {setting}"), &[]).await.unwrap().get(0);
        assert_eq!(shown, expected, "{setting}");
    }
}

#[tokio::test]
async fn a_clone_is_gone_after_its_test_even_after_a_panic_and_while_connected() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let test = tokio::spawn(async {
        let database = TestDatabase::create().await;
        let client = database.connect().await;
        tell.send(database.name().to_owned()).unwrap();
        assert_eq!(count(&client, "contacts").await, 1, "a test that fails");
    });
    let name = told.await.unwrap();
    assert!(test.await.is_err());
    assert!(!exists(&maintenance().await, &name).await, "{name} is still there");
}

#[tokio::test]
async fn what_a_killed_run_left_goes_at_the_start_of_the_next() {
    let client = maintenance().await;
    let left = format!("crosswalk_test_run_{:08x}_0", std::process::id());
    client.batch_execute(&format!("create database {left}")).await.unwrap();
    let next = Command::new(env::current_exe().unwrap())
        .args(["--exact", "support_database::a_clone_has_the_schema_and_no_rows_and_is_its_own"])
        .output()
        .await
        .unwrap();
    assert!(next.status.success(), "{}", String::from_utf8_lossy(&next.stdout));
    assert!(!exists(&client, &left).await, "{left} is still there");
}

#[tokio::test]
async fn a_clone_costs_little() {
    drop(TestDatabase::create().await);
    let begin = Instant::now();
    for _ in 0..10 {
        drop(TestDatabase::create().await);
    }
    let each = begin.elapsed() / 10;
    assert!(each < Duration::from_secs(1), "{each:?} to make and drop one");
    eprintln!("{each:?} to make and drop one");
}

async fn maintenance() -> Client {
    let (client, connection) = tokio_postgres::connect(&services::database_url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn exists(client: &Client, database: &str) -> bool {
    client.query_opt("select from pg_database where datname = $1", &[&database]).await.unwrap().is_some()
}

async fn count(client: &Client, table: &str) -> i64 {
    client.query_one(&format!("select count(*) from {table}"), &[]).await.unwrap().get(0)
}
