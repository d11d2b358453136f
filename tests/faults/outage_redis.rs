//! Redis is away: everything goes on, only more slowly.

use std::time::Duration;

use redis::AsyncCommands;
use serde_json::json;
use support::app::{Api, Setup, TestApp, ada, charles, grace};
use support::proxy::Proxy;
use support::services;
use support::wait::eventually;
use tokio::time::Instant;

const SOON: Duration = Duration::from_secs(10);

/// A pause of the breaker that no test lives to see the end of, and none at all.
const FOR_GOOD: &str = "3600000";
const NEVER: &str = "0";

#[tokio::test]
async fn without_redis_contacts_are_read_and_written() {
    let (proxy, test) = behind_a_proxy(NEVER).await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    assert_eq!(api.get(&id).await.expect(200).header("x-cache"), "hit");

    proxy.cut().await;
    let read = api.get(&id).await.expect(200);
    assert_eq!((read.header("x-cache"), read.header("etag")), ("miss", "\"1\""));
    api.patch(&id, 1, &json!({"title": "Lady"})).await.expect(200);
    assert_eq!(api.get(&id).await.expect(200).json()["title"], "Lady");
    assert_eq!(api.patch(&id, 1, &json!({"title": null})).await.expect(412).problem(), "precondition-failed");
    let other = api.create(&grace()).await.expect(201).id();
    api.get(&other).await.expect(200);
    test.token(&api.client).await.expect(200);
    let health = test.ask("GET", "/health").send().await.expect(200);
    assert_eq!(health.json()["redis"], "down", "{}", health.json());
}

#[tokio::test]
async fn without_redis_this_instance_counts_and_with_it_all_instances_again() {
    let (proxy, url) = Proxy::before(&services::redis_url()).await;
    let setup = Setup::default().redis_at(&url).setting("CROSSWALK_REDIS_BREAKER_MS", NEVER);
    let test = setup.setting("CROSSWALK_RATE_LIMIT", "1/4").start().await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    eventually("the quota to be used up", SOON, || async { api.get(&id).await.status == 429 }).await;

    proxy.cut().await;
    let answer = api.get(&id).await.expect(200);
    assert!(answer.header("ratelimit-policy").contains("q=4"), "{answer:?}");
    assert!(answer.header("ratelimit").contains("r=3"), "the instance begins to count: {answer:?}");
    eventually("this instance's quota to be used up", SOON, || async { api.get(&id).await.status == 429 }).await;
    proxy.pass().await;
    eventually("the quota to be used up again", SOON, || async { api.get(&id).await.status == 429 }).await;
}

#[tokio::test]
async fn a_revoked_token_stays_refused_without_redis() {
    let (proxy, test) = behind_a_proxy(NEVER).await;
    let (api, other) = two_tokens(&test).await;
    revoke(&api).await;
    assert_eq!(api.get(&missing()).await.expect(401).problem(), "token-refused");

    proxy.cut().await;
    assert_eq!(api.get(&missing()).await.expect(401).problem(), "token-refused");
    other.get(&missing()).await.expect(404);
}

#[tokio::test]
async fn a_token_stays_revoked_when_redis_forgets_everything() {
    let (_proxy, test) = behind_a_proxy(NEVER).await;
    let (api, other) = two_tokens(&test).await;
    revoke(&api).await;
    api.get(&missing()).await.expect(401);

    forget_all(&test).await;
    api.get(&missing()).await.expect(401);
    assert!(loaded(&api).await, "the first question after the loss loads all that is revoked");
    api.get(&missing()).await.expect(401);
    other.get(&missing()).await.expect(404);
}

#[tokio::test]
async fn a_revocation_that_redis_missed_is_in_force_when_the_marker_has_run_out() {
    let (proxy, test) = behind_a_proxy(NEVER).await;
    let (api, _) = two_tokens(&test).await;
    api.get(&missing()).await.expect(404);
    let mut redis = redis().await;
    let marker = api.app.redis.keys().revocations(&api.client.tenant);
    let left: i64 = redis.ttl(&marker).await.unwrap();
    assert!((1..=60).contains(&left), "the marker lives for a minute, not for {left} s");

    proxy.cut().await;
    revoke(&api).await;
    api.get(&missing()).await.expect(401);

    proxy.pass().await;
    let _: () = redis.del(&marker).await.unwrap();
    api.get(&missing()).await.expect(401);
}

#[tokio::test]
async fn after_a_failure_redis_is_left_alone() {
    let (proxy, test) = behind_a_proxy(FOR_GOOD).await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    proxy.cut().await;
    api.get(&id).await.expect(200);

    proxy.pass().await;
    let work = async {
        for _ in 0..5 {
            assert_eq!(api.get(&id).await.expect(200).header("x-cache"), "miss");
        }
        api.patch(&id, 1, &json!({"title": "Lady"})).await.expect(200);
    };
    let ((), trips) = Box::pin(proxy.count(work)).await;
    assert_eq!(trips, 0, "it answers, but nobody asks before the pause is over");
}

#[tokio::test]
async fn after_the_pause_redis_is_used_again() {
    let (proxy, test) = behind_a_proxy("100").await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    proxy.cut().await;
    assert_eq!(api.get(&id).await.expect(200).header("x-cache"), "miss");
    proxy.pass().await;
    eventually("an answer from the cache", SOON, || async { api.get(&id).await.header("x-cache") == "hit" }).await;
}

#[tokio::test]
async fn a_redis_that_hangs_costs_its_time_out_once() {
    const PATIENCE: Duration = Duration::from_secs(1);
    let (proxy, url) = Proxy::before(&services::redis_url()).await;
    let setup = Setup::default().redis_at(&url).setting("CROSSWALK_REDIS_BREAKER_MS", FOR_GOOD);
    let test = setup.setting("CROSSWALK_REDIS_COMMAND_MS", "1000").start().await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();

    proxy.stall().await;
    let begin = Instant::now();
    for _ in 0..10 {
        api.get(&id).await.expect(200);
    }
    api.create(&charles()).await.expect(201);
    let took = begin.elapsed();
    assert!(took >= PATIENCE, "the first request waited: {took:?}");
    assert!(took < 3 * PATIENCE, "and no other: {took:?}");
}

#[tokio::test]
async fn a_redis_that_hangs_at_the_first_request_costs_no_more() {
    let (proxy, url) = Proxy::before(&services::redis_url()).await;
    let setup = Setup::default().redis_at(&url).setting("CROSSWALK_REDIS_BREAKER_MS", FOR_GOOD);
    let test = setup.setting("CROSSWALK_REDIS_CONNECT_MS", "500").start().await;
    proxy.stall().await;
    let begin = Instant::now();
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    for _ in 0..5 {
        api.get(&id).await.expect(200);
    }
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn a_connection_that_was_cut_while_idle_is_not_noticed() {
    let (proxy, test) = behind_a_proxy(FOR_GOOD).await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    for _ in 0..5 {
        proxy.reset_once().await;
        assert_eq!(api.get(&id).await.expect(200).header("x-cache"), "hit");
    }
}

#[tokio::test]
async fn a_server_that_lost_its_scripts_gets_them_again() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    let lose = async || {
        let _: () = redis::cmd("SCRIPT").arg("FLUSH").query_async(&mut redis().await).await.unwrap();
    };
    for _ in 0..2 {
        let answer = api.get(&id).await.expect(200);
        assert_eq!(answer.header("x-cache"), "hit");
        assert!(!answer.header("ratelimit").is_empty(), "the request was counted: {answer:?}");
        lose().await;
    }
    api.patch(&id, 1, &json!({"title": "Lady"})).await.expect(200);
    let read = api.get(&id).await.expect(200);
    assert_eq!((read.header("x-cache"), read.header("etag")), ("hit", "\"2\""));
}

/// An application whose Redis is behind a proxy, and is left alone for so many milliseconds after a failure.
async fn behind_a_proxy(breaker_ms: &str) -> (Proxy, TestApp) {
    let (proxy, url) = Proxy::before(&services::redis_url()).await;
    let test = Setup::default().redis_at(&url).setting("CROSSWALK_REDIS_BREAKER_MS", breaker_ms).start().await;
    (proxy, test)
}

/// Two clients of two tenants' own, each with a token that was used once.
async fn two_tokens(test: &TestApp) -> (Api<'_>, Api<'_>) {
    let (api, other) = (test.api().await, test.api().await);
    api.get(&missing()).await.expect(404);
    other.get(&missing()).await.expect(404);
    (api, other)
}

async fn revoke(api: &Api<'_>) {
    let (id, secret) = (&api.client.id, api.client.secret.reveal());
    let form = format!("client_id={id}&client_secret={secret}&token={}", api.token);
    api.test.ask("POST", "/oauth/revoke").form(form).send().await.expect(200);
}

/// Whether Redis has the marker that says that all revocations are there.
async fn loaded(api: &Api<'_>) -> bool {
    redis().await.hexists(api.app.redis.keys().revocations(&api.client.tenant), "loaded").await.unwrap()
}

/// What a flush does, for this test's keys alone: the server is everybody's.
async fn forget_all(test: &TestApp) {
    let prefix = &test.app.config.redis.prefix;
    assert!(!prefix.is_empty(), "all keys begin with nothing");
    let mut redis = redis().await;
    let keys: Vec<String> = redis.keys(format!("{prefix}*")).await.unwrap();
    assert!(!keys.is_empty());
    for key in keys {
        let _: () = redis.del(key).await.unwrap();
    }
}

/// Redis itself, past every proxy.
async fn redis() -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(services::redis_url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// A contact that nobody has.
fn missing() -> String {
    uuid::Uuid::now_v7().to_string()
}
