//! The cache of contacts: never older than what somebody was already shown, and never the truth.

use std::collections::BTreeSet;
use std::time::Duration;

use crosswalk::cache::{self, Entry};
use crosswalk::source::Source;
use redis::aio::MultiplexedConnection;
use serde_json::json;
use support::app::{Api, Setup, TestApp, ada, grace};
use support::proxy::Proxy;
use support::services;
use support::wait::eventually;
use tokio::time::Instant;
use uuid::Uuid;

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_slow_reader_cannot_put_an_old_version_back() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();

    // An instance that gets PostgreSQL's answers late.
    let (proxy, _) = Proxy::before(&services::database_url()).await;
    let credentials = test.database.credentials();
    let address = json!({
        "host": proxy.address().ip(), "port": proxy.address().port(), "dbname": credentials.dbname,
        "username": credentials.username, "password": credentials.password,
    });
    test.secrets.put("slow-database", &address).await;
    let secret = test.secrets.name("slow-database");
    let slow = api.at(test.another_instance_with(&[("CROSSWALK_DATABASE_SECRET", &secret)]));
    slow.get(&Uuid::now_v7().to_string()).await.expect(404);
    let seen_before = last_look(&test).await;
    forget(&api, &id).await;
    proxy.delay(Duration::from_secs(1)).await;

    let reading = async { (slow.get(&id).await.expect(200), Instant::now()) };
    let changing = async {
        eventually("the slow reader's query to be done", Duration::from_secs(1), async || {
            last_look(&test).await > seen_before
        })
        .await;
        (api.patch(&id, 1, &json!({"title": "Rear Admiral"})).await.expect(200), Instant::now())
    };
    let ((read, read_at), (changed, changed_at)) = tokio::join!(reading, changing);
    assert!(changed_at < read_at, "the reader was overtaken");
    assert_eq!((&read.json()["version"], &changed.json()["version"]), (&json!(1), &json!(2)));
    let next = api.get(&id).await.expect(200);
    assert_eq!((next.header("x-cache"), next.json()), ("hit", changed.json()));
}

#[tokio::test]
async fn an_entry_gives_way_to_its_own_version_and_to_newer_ones() {
    let test = TestApp::start().await;
    let (redis, id) = (&test.app.redis, Uuid::now_v7());
    let live = |version| Entry::Live { version, json: format!("{{\"live\":{version}}}") };
    let deleted = |version| Entry::Deleted { version, json: format!("{{\"deleted\":{version}}}") };
    let stale = |version| Entry::Stale { version };
    let steps = [
        (live(9), live(9)),
        (live(8), live(9)),
        (stale(8), live(9)),
        (live(10), live(10)),
        (stale(10), live(10)),
        (stale(11), stale(11)),
        (live(10), stale(11)),
        (live(11), live(11)),
        (deleted(11), deleted(11)),
        (live(10), deleted(11)),
        (live(100), live(100)),
        (stale(99), live(100)),
    ];
    for (put, kept) in steps {
        cache::put(redis, "tn_a", id, &put, MINUTE).await.unwrap();
        let entry: Option<String> = redis
            .ask(|_| {
                let mut pipeline = redis::pipe();
                cache::reading_contact(redis, &mut pipeline, "tn_a", id);
                pipeline
            })
            .await
            .map(|(entry,)| entry)
            .unwrap();
        assert_eq!(cache::read_contact(entry.as_deref()), Some(kept), "after {put:?}");
    }
}

#[tokio::test]
async fn what_was_marked_as_stale_is_read_from_postgresql_once() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    // Somebody whose cache entry got lost: the row is newer than what is cached.
    test.execute(&format!("update contacts set version = 2, title = 'Poet' where id = '{id}'")).await;
    assert_eq!(api.get(&id).await.expect(200).json()["version"], 1);
    let changed = [(id.parse().unwrap(), 2)];
    cache::stale(&api.app.redis, &api.client.tenant, &changed, MINUTE).await.unwrap();
    let answers = [api.get(&id).await.expect(200), api.get(&id).await.expect(200)];
    assert_eq!(answers.each_ref().map(|answer| answer.header("x-cache")), ["miss", "hit"]);
    for answer in answers {
        assert_eq!((&answer.json()["title"], answer.header("etag")), (&json!("Poet"), "\"2\""));
    }
}

#[tokio::test]
async fn entries_and_tombstones_live_for_as_long_as_configured() {
    let test = Setup::default().setting("CROSSWALK_CACHE_SECONDS", "30").start().await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    assert_lives_for(&api, &id, 30_000).await;
    forget(&api, &id).await;
    test.execute("update contacts set version = 2, deleted_at = now()").await;
    api.get(&id).await.expect(410);
    assert_lives_for(&api, &id, 30_000).await;
    let usual = api.at(test.another_instance_with(&[("CROSSWALK_CACHE_SECONDS", "")]));
    let id = usual.create(&ada()).await.expect(201).id();
    assert_lives_for(&api, &id, 60_000).await;
}

#[tokio::test]
async fn what_is_not_there_is_not_remembered() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = Uuid::now_v7().to_string();
    api.get(&id).await.expect(404);
    let kept: bool = redis::cmd("EXISTS").arg(api.cache_key(&id)).query_async(&mut redis().await).await.unwrap();
    assert!(!kept);
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_as_good_as_none() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    for broken in ["", "garbage", "1", "one live {}"] {
        let mut set = redis::cmd("SET");
        set.arg(api.cache_key(&id)).arg(broken).exec_async(&mut redis().await).await.unwrap();
        let answers = [api.get(&id).await.expect(200), api.get(&id).await.expect(200)];
        assert_eq!(answers.each_ref().map(|answer| answer.header("x-cache")), ["miss", "hit"], "{broken:?}");
    }
}

#[tokio::test]
async fn a_change_reads_postgresql_whatever_the_cache_says() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let created = api.create(&ada()).await.expect(201);
    let lie = Entry::Live { version: 7, json: json!({"firstName": "Eve", "version": 7}).to_string() };
    let id = created.id();
    cache::put(&api.app.redis, &api.client.tenant, id.parse().unwrap(), &lie, MINUTE).await.unwrap();
    assert_eq!(api.patch(&id, 7, &json!({"title": "x"})).await.expect(412).json()["currentVersion"], 1);
    let changed = api.patch(&id, 1, &json!({"title": "Poet"})).await.expect(200).json();
    assert_eq!((&changed["firstName"], &changed["version"]), (&json!("Ada"), &json!(2)));
}

#[tokio::test]
async fn the_keys_of_one_request_share_a_slot() {
    let test = TestApp::start().await;
    let keys = test.app.redis.keys();
    let (id, other) = (Uuid::now_v7(), Uuid::now_v7());
    for tenant in ["tn_a", "tn_}", "tn_{", "tn_{}b}", "tn_é ü", "tn_a:b*?", "tn_\0\r\n"] {
        let clients = ["cl_a", "cl_{b}", "cl_}", ""];
        let mut asked: Vec<_> = clients.iter().map(|client| keys.rate(tenant, client)).collect();
        asked.extend([id, other].map(|id| keys.contact(tenant, id)));
        asked.push(keys.revocations(tenant));
        assert_eq!(slots(&asked).await.len(), 1, "{asked:?}");
    }
    let asked: Vec<_> = ["cl_a", "cl_{b}", "{x}"]
        .map(|client| keys.token_client(client))
        .into_iter()
        .chain(["127.0.0.1", "::1", ""].map(|address| keys.token_source(Source::of(address.parse().ok()))))
        .chain(["cl_a", "}{x"].map(|client| keys.token_source_client(Source::Unknown, client)))
        .collect();
    assert_eq!(slots(&asked).await.len(), 1, "{asked:?}");
    let tenants = ["tn_a", "tn_b", "tn_c"].map(|tenant| keys.contact(tenant, id));
    assert!(slots(&tenants).await.len() > 1, "tenants spread over the slots");
}

/// The slots that the server itself computes for these keys.
async fn slots(keys: &[String]) -> BTreeSet<u16> {
    let mut redis = redis().await;
    let mut slots = BTreeSet::new();
    for key in keys {
        slots.insert(redis::cmd("CLUSTER").arg("KEYSLOT").arg(key).query_async(&mut redis).await.unwrap());
    }
    slots
}

/// When an instance last asked PostgreSQL for a contact, and got its answer from there.
async fn last_look(test: &TestApp) -> Option<f64> {
    let sql = "select extract(epoch from max(query_start))::float8 from pg_stat_activity
         where datname = current_database() and application_name = 'crosswalk' and state = 'idle'
           and query like 'select c.id%'";
    test.sql.query_one(sql, &[]).await.unwrap().get(0)
}

async fn assert_lives_for(api: &Api<'_>, id: &str, millis: i64) {
    let left: i64 = redis::cmd("PTTL").arg(api.cache_key(id)).query_async(&mut redis().await).await.unwrap();
    assert!((millis - 20_000..=millis).contains(&left), "{left} ms of {millis}");
}

async fn forget(api: &Api<'_>, id: &str) {
    redis::cmd("DEL").arg(api.cache_key(id)).exec_async(&mut redis().await).await.unwrap();
}

async fn redis() -> MultiplexedConnection {
    let client = redis::Client::open(services::redis_url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}
