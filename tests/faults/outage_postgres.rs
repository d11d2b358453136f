//! PostgreSQL is away: the caller is told to ask again, nothing is half written, and nobody needs a restart.

use std::time::Duration;

use futures::future::join_all;
use serde_json::json;
use support::app::{Answer, Api, Setup, TestApp, ada, grace};
use support::proxy::Proxy;
use support::services;
use support::wait::eventually;
use tokio::time::Instant;

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn without_postgresql_callers_are_told_to_ask_again() {
    let (proxy, test) = behind_a_proxy(Setup::default()).await;
    let api = test.api().await;
    let (cached, uncached) = (create(&api).await, create(&api).await);
    forget(&api, &uncached).await;

    proxy.cut().await;
    assert_unavailable(&api.get(&uncached).await);
    assert_unavailable(&api.create(&grace()).await);
    assert_unavailable(&api.patch(&cached, 1, &json!({"title": "Lady"})).await);
    let token = test.token(&api.client).await.expect(503);
    assert_eq!(token.json()["error"], "temporarily_unavailable");
    assert!(!token.header("retry-after").is_empty());
    let health = test.ask("GET", "/health").send().await.expect(503);
    assert_eq!((&health.json()["database"], &health.json()["redis"]), (&json!("down"), &json!("up")));
    assert_eq!(api.get(&cached).await.expect(200).header("x-cache"), "hit", "Redis answers what it knows");

    proxy.pass().await;
    assert_eq!(api.get(&uncached).await.expect(200).header("x-cache"), "miss");
    api.patch(&cached, 1, &json!({"title": "Lady"})).await.expect(200);
    assert_whole(&test).await;
    assert_eq!(contacts(&test).await, 2, "what was refused was not done");
}

#[tokio::test]
async fn a_postgresql_that_hangs_is_given_up_on() {
    let (proxy, test) = behind_a_proxy(Setup::default().setting("CROSSWALK_REQUEST_MS", "2500")).await;
    let api = test.api().await;
    let (cached, uncached) = (create(&api).await, create(&api).await);
    forget(&api, &uncached).await;

    proxy.stall().await;
    let begin = Instant::now();
    assert_unavailable(&api.get(&uncached).await);
    assert_unavailable(&api.patch(&cached, 1, &json!({"title": "Lady"})).await);
    assert_unavailable(&api.create(&grace()).await);
    assert!(begin.elapsed() < 2 * SOON, "{:?}", begin.elapsed());
    assert_eq!(api.get(&cached).await.expect(200).header("x-cache"), "hit");

    proxy.pass().await;
    eventually("an answer", SOON, || async { api.get(&uncached).await.status == 200 }).await;
    assert_whole(&test).await;
}

#[tokio::test]
async fn a_change_whose_connection_breaks_is_whole_or_not_at_all() {
    let (proxy, test) = behind_a_proxy(Setup::default()).await;
    let api = test.api().await;
    let id = create(&api).await;
    let change = json!({"title": "Lady"});
    let blocker = test.database.connect().await;
    blocker.batch_execute("begin; select from contacts for update").await.unwrap();

    let reset = async {
        test.waits_for_a_lock().await;
        proxy.reset_once().await;
    };
    let (patched, ()) = tokio::join!(api.patch(&id, 1, &change), reset);
    assert_unavailable(&patched);
    blocker.batch_execute("rollback").await.unwrap();

    // The server may have gone on with it, or not: its statement ends of itself.
    test.is_quiet().await;
    assert_whole(&test).await;
    forget(&api, &id).await;
    let version = api.get(&id).await.expect(200).json()["version"].as_i64().unwrap();
    api.patch(&id, version, &json!({"title": "Countess again"})).await.expect(200);
}

#[tokio::test]
async fn what_breaks_at_any_moment_under_load_leaves_nothing_half_written() {
    let setup = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000");
    let (proxy, test) = behind_a_proxy(setup).await;
    let api = test.api().await;
    let ids = [create(&api).await, create(&api).await];

    let writer = async |number: usize| {
        let mut accepted = 0;
        for round in 0..40 {
            let ask = api.ask("PATCH", &format!("/contacts/{}", ids[number % 2])).header("if-match", "*");
            let patched = ask.json(&json!({"notes": format!("{number}, {round}")})).send().await;
            let created = api.create(&grace()).await;
            for answer in [&patched, &created] {
                assert!([200, 201, 503].contains(&answer.status), "{answer:?}");
            }
            accepted += usize::from(created.status == 201);
        }
        accepted
    };
    let breaker = async {
        for round in 1..=8 {
            let enough = || async { contacts(&test).await >= 2 + round * 10 };
            eventually("more to be written", SOON, enough).await;
            proxy.reset_once().await;
        }
    };
    let (accepted, ()) = tokio::join!(join_all((0..4).map(writer)), breaker);
    test.is_quiet().await;
    assert_whole(&test).await;
    let accepted = accepted.iter().sum::<usize>() + 2;
    let stored = usize::try_from(contacts(&test).await).unwrap();
    assert!(stored >= accepted, "{accepted} were accepted and {stored} are there");
}

#[tokio::test]
async fn connections_that_the_server_closed_fail_nobody() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = create(&api).await;
    for _ in 0..10 {
        forget(&api, &id).await;
        test.close_connections().await;
        assert_eq!(api.get(&id).await.expect(200).header("x-cache"), "miss");
    }
    test.close_connections().await;
    api.patch(&id, 1, &json!({"title": "Lady"})).await.expect(200);
    test.close_connections().await;
    api.create(&grace()).await.expect(201);
}

#[tokio::test]
async fn a_change_that_loses_a_deadlock_is_made_once_more() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = create(&api).await;
    let mut other = test.database.connect().await;
    // The other side never finds out, so it is ours that gives way.
    other.batch_execute("set deadlock_timeout = '1min'").await.unwrap();
    let transaction = other.transaction().await.unwrap();
    let next = "insert into contact_events (ce_id, tenant_id, contact_id, version, type, origin, after, changed_fields, \
                occurred_at) select gen_random_uuid(), tenant_id, id, 2, 'updated', '{}', '{}', '{}', now() from contacts";
    transaction.batch_execute(next).await.unwrap();

    let crossing = async {
        test.waits_for_a_lock().await;
        // Longer than PostgreSQL takes to find the deadlock, shorter than it would take to find the next one.
        transaction.batch_execute("set local statement_timeout = '1500ms'").await.unwrap();
        let _ = transaction.batch_execute("select from contacts for no key update").await;
        transaction.rollback().await.unwrap();
    };
    let change = json!({"title": "Lady"});
    let (patched, ()) = tokio::join!(api.patch(&id, 1, &change), crossing);
    assert_eq!(patched.expect(200).json()["version"], 2);
    eventually("the deadlock to be counted", SOON, || async { deadlocks(&test).await == 1 }).await;
    assert_whole(&test).await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_given_up() {
    for limit in ["statement_timeout", "lock_timeout"] {
        let test = TestApp::start().await;
        let limits = format!(
            "alter role crosswalk_test in database {} set statement_timeout = '4s'; \
             alter role crosswalk_test in database {0} set {limit} = '300ms'",
            test.database.name()
        );
        test.sql.batch_execute(&limits).await.unwrap();
        let api = test.api().await;
        let id = create(&api).await;
        let blocker = test.database.connect().await;
        blocker.batch_execute("begin; select from contacts for update").await.unwrap();
        assert_unavailable(&api.patch(&id, 1, &json!({"title": "Lady"})).await);
        blocker.batch_execute("rollback").await.unwrap();
        api.patch(&id, 1, &json!({"title": "Lady"})).await.expect(200);
        assert_whole(&test).await;
    }
}

/// An application whose PostgreSQL is behind a proxy.
async fn behind_a_proxy(setup: Setup) -> (Proxy, TestApp) {
    let (proxy, _) = Proxy::before(&services::database_url()).await;
    let address = proxy.address();
    let setup = setup.database_at(&address.ip().to_string(), address.port());
    let test = setup.setting("CROSSWALK_DATABASE_CONNECT_MS", "1000").start().await;
    (proxy, test)
}

async fn create(api: &Api<'_>) -> String {
    api.create(&ada()).await.expect(201).id()
}

/// Takes a contact out of the cache.
async fn forget(api: &Api<'_>, id: &str) {
    let client = redis::Client::open(services::redis_url()).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let _: () = redis::cmd("DEL").arg(api.cache_key(id)).query_async(&mut redis).await.unwrap();
}

#[track_caller]
fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.problem(), "unavailable");
    let after: u64 = answer.header("retry-after").parse().unwrap_or_default();
    assert!(after >= 1, "{answer:?}");
}

/// Every contact has the events of all its versions, and no event is without its contact.
async fn assert_whole(test: &TestApp) {
    let sql = "select c.id::text, c.version, e.events, e.latest from contacts c \
               full join (select contact_id, count(*) as events, max(version) as latest from contact_events group by 1) e \
               on e.contact_id = c.id \
               where (c.version = e.events and c.version = e.latest) is not true";
    let broken = test.sql.query(sql, &[]).await.unwrap();
    assert!(broken.is_empty(), "{broken:?}");
}

async fn contacts(test: &TestApp) -> i64 {
    number(test, "select count(*) from contacts").await
}

async fn deadlocks(test: &TestApp) -> i64 {
    number(test, "select deadlocks from pg_stat_database where datname = current_database()").await
}

async fn number(test: &TestApp, sql: &str) -> i64 {
    test.sql.query_one(sql, &[]).await.unwrap().get(0)
}
