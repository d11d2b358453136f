//! Reading one contact.

use std::time::Duration;

use serde_json::json;
use support::app::{Answer, Api, TestApp, ada, grace};
use uuid::Uuid;

#[tokio::test]
async fn a_contact_comes_from_the_cache_if_it_is_there_and_is_the_same_if_not() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let created = api.create(&ada()).await.expect(201);
    let id = created.id();
    let cached = api.get(&id).await.expect(200);
    forget(&api, &id).await;
    let stored = api.get(&id).await.expect(200);
    let cached_again = api.get(&id).await.expect(200);
    assert_eq!([&cached, &stored, &cached_again].map(|it| it.header("x-cache")), ["hit", "miss", "hit"]);
    for answer in [&cached, &stored, &cached_again] {
        assert_eq!(answer.json(), created.json());
        assert_eq!(answer.header("etag"), "\"1\"");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "private, no-cache");
    }
}

#[tokio::test]
async fn what_is_not_there_or_not_ours_is_not_found_alike() {
    let test = TestApp::start().await;
    let (ours, theirs) = (test.api().await, test.api().await);
    let id = theirs.create(&grace()).await.expect(201).id();
    let not_ours = ours.get(&id).await.expect(404);
    let unknown = Uuid::now_v7().to_string();
    let not_there = ours.get(&unknown).await.expect(404);
    assert_eq!((not_ours.problem(), not_there.problem()), ("contact-not-found".into(), "contact-not-found".into()));
    let detail = |answer: &Answer, id: &str| answer.json()["detail"].as_str().unwrap().replace(id, "…");
    assert_eq!(detail(&not_ours, &id), detail(&not_there, &unknown));
    theirs.get(&id).await.expect(200);
}

#[tokio::test]
async fn what_can_be_no_id_names_no_contact() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    let long = "x".repeat(1000);
    for other in [&id.to_uppercase(), &id.replace('-', ""), &format!("{{{id}}}"), "7", "%00", "..%2F..", &long] {
        let path = format!("/contacts/{}", other.replace('{', "%7B").replace('}', "%7D"));
        let answer = api.ask("GET", &path).send().await.expect(404);
        assert_eq!(answer.problem(), "contact-not-found", "{other}");
    }
}

#[tokio::test]
async fn who_has_this_version_already_gets_no_body() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    for tags in ["\"1\"", "W/\"1\"", "\"7\", W/\"1\"", "\"a,b\" ,, \"1\",", "*"] {
        for from in ["hit", "miss"] {
            let answer = get_unless(&api, &id, tags).await;
            assert_eq!(answer.header("x-cache"), from, "{tags}");
            assert_eq!((answer.status, answer.body.len()), (304, 0), "{tags}");
            assert_eq!(answer.header("etag"), "\"1\"");
            assert_eq!(answer.header("cache-control"), "private, no-cache");
            forget(&api, &id).await;
        }
        get_unless(&api, &id, "\"other\"").await.expect(200);
    }
    for tags in ["\"2\"", "W/\"2\"", "\"11\", \"01\"", "\"\""] {
        assert_eq!(get_unless(&api, &id, tags).await.expect(200).id(), id, "{tags}");
    }
}

#[tokio::test]
async fn a_header_that_is_no_list_of_tags_is_refused() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    for tags in ["1", "\"1", "W/1", "w/\"1\"", "\"1\" \"2\"", "*1", ",", "é"] {
        assert_eq!(get_unless(&api, &id, tags).await.expect(400).problem(), "malformed", "{tags}");
    }
}

#[tokio::test]
async fn a_deleted_contact_is_gone_unless_deleted_ones_are_asked_for() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    delete(&api, &id).await;
    // The first time from PostgreSQL, then from the tombstone in the cache.
    for from in ["miss", "hit"] {
        let path = format!("/contacts/{id}?includeDeleted=true");
        let shown = api.ask("GET", &path).send().await.expect(200);
        assert_eq!((shown.header("x-cache"), shown.header("etag")), (from, "\"2\""));
        assert!(shown.json()["deletedAt"].is_string(), "{shown:?}");
        assert_eq!(api.get(&id).await.expect(410).problem(), "contact-deleted");
        let path = format!("/contacts/{id}?includeDeleted=false");
        api.ask("GET", &path).send().await.expect(410);
    }
    forget(&api, &id).await;
    assert_eq!(api.get(&id).await.expect(410).problem(), "contact-deleted");
    let with_links = format!("/contacts/{id}?include=links");
    api.ask("GET", &with_links).send().await.expect(410);
    let shown = api.ask("GET", &format!("{with_links}&includeDeleted=true")).send().await.expect(200);
    assert_eq!(shown.json()["links"], json!([]));
}

#[tokio::test]
async fn links_are_shown_on_request_past_the_cache() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let created = api.create(&ada()).await.expect(201);
    let path = format!("/contacts/{}?include=links", created.id());
    let without = api.ask("GET", &path).send().await.expect(200);
    assert_eq!(without.json()["links"], json!([]));

    link(&api, &created.id(), "cn_b", "null, 'pending', null").await;
    link(&api, &created.id(), "cn_a", "'remote-7', 'synced', '2026-01-02 03:04:05.5+01'").await;
    let with = api.ask("GET", &path).send().await.expect(200);
    assert_eq!((with.header("x-cache"), with.header("etag")), ("miss", "\"1\""));
    let mut expected = created.json();
    expected["links"] = json!([
        {"connection": "cn_a", "remoteId": "remote-7", "state": "synced", "syncedAt": "2026-01-02T02:04:05.5Z"},
        {"connection": "cn_b", "state": "pending"},
    ]);
    assert_eq!(with.json(), expected);
    assert_eq!(api.get(&created.id()).await.expect(200).json(), created.json());

    // Links change without a new version, so having the version is not having the links.
    let again = api.ask("GET", &path).header("if-none-match", "\"1\"").send().await.expect(200);
    assert_eq!(again.json(), expected);
}

#[tokio::test]
async fn a_parameter_that_is_unknown_bad_or_given_twice_is_refused() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    for query in [
        "includedeleted=true",
        "limit=5",
        "includeDeleted=yes",
        "includeDeleted=",
        "includeDeleted",
        "includeDeleted=true&includeDeleted=true",
        "includeDeleted=true&includeDeleted=false",
        "include=history",
        "include=links&include=links",
        "include=links,links",
        "include",
        "include=links&x=1",
        "%00=1",
        "include=%FF",
    ] {
        let answer = api.ask("GET", &format!("/contacts/{id}?{query}")).send().await;
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.problem(), "malformed", "{query}");
    }
    api.ask("GET", &format!("/contacts/{id}?includeDeleted=false")).send().await.expect(200);
    api.ask("GET", &format!("/contacts/{id}?")).send().await.expect(200);
}

async fn get_unless(api: &Api<'_>, id: &str, tags: &str) -> Answer {
    api.ask("GET", &format!("/contacts/{id}")).header("if-none-match", tags).send().await
}

/// Takes the contact out of the cache, as time does.
async fn forget(api: &Api<'_>, id: &str) {
    let redis = redis::Client::open(support::services::redis_url()).unwrap();
    let mut redis = redis.get_multiplexed_async_connection().await.unwrap();
    let gone: i64 = redis::cmd("DEL").arg(api.cache_key(id)).query_async(&mut redis).await.unwrap();
    assert_eq!(gone, 1, "it was in the cache");
}

/// Deletes the row, and marks the cache as the relay does when it sees a change.
async fn delete(api: &Api<'_>, id: &str) {
    api.test.execute(&format!("update contacts set deleted_at = now(), version = 2 where id = '{id}'")).await;
    let changed = [(id.parse().unwrap(), 2)];
    crosswalk::cache::stale(&api.app.redis, &api.client.tenant, &changed, Duration::from_mins(1)).await.unwrap();
}

/// Ties a contact to a connection of its own; the values are `remote_id, state, synced_at`.
async fn link(api: &Api<'_>, contact: &str, connection: &str, values: &str) {
    let tenant = &api.client.tenant;
    api.test
        .execute(&format!(
            "insert into connections (tenant_id, id, crm, base_url, secret_name)
             values ('{tenant}', '{connection}', 'acme', 'http://localhost', 'none');
             insert into links (tenant_id, contact_id, connection_id, remote_id, state, synced_at)
             values ('{tenant}', '{contact}', '{connection}', {values})"
        ))
        .await;
}
