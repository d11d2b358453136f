//! Links that don't come through are listed, and one can be tried from the beginning.

use serde_json::{Value, json};
use support::app::{Answer, Api, TestApp, ada};
use support::remote::{Remote, record};
use uuid::Uuid;

#[tokio::test]
async fn what_fails_is_listed_with_the_reason_and_what_does_not_is_not() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_acme").await;
    let failing = crm.put("r1", &record("r1")).await.expect(201).id();
    crm.put("r2", &record("r2")).await.expect(201);
    let dead = api.create(&ada()).await.expect(201).id();
    test.execute(&format!(
        "update links set state = 'failing', attempts = 3, failure = 'no answer', retry_at = '2026-03-01T10:00:00Z',
             synced_at = '2026-02-28T10:00:00Z' where contact_id = '{failing}'"
    ))
    .await;
    link(&api, &dead, "cn_acme", "dead").await;
    let mut expected = [
        json!({
            "id": format!("cn_acme.{failing}"), "connection": "cn_acme", "contactId": failing, "remoteId": "r1",
            "state": "failing", "attempts": 3, "failure": "no answer", "retryAt": "2026-03-01T10:00:00Z",
            "syncedAt": "2026-02-28T10:00:00Z",
        }),
        json!({
            "id": format!("cn_acme.{dead}"), "connection": "cn_acme", "contactId": dead, "state": "dead", "attempts": 9,
            "failure": "refused",
        }),
    ];
    expected.sort_by_key(|item| item["contactId"].to_string());
    assert_eq!(list(&api, "").await, json!({"items": expected}));
}

#[tokio::test]
async fn pages_join_in_order_whatever_is_asked_for() {
    let test = TestApp::start().await;
    let api = test.api().await;
    for connection in ["cn_b", "cn_a"] {
        Remote::connect(&api, connection).await;
    }
    for number in 0..20 {
        let contact = api.create(&ada()).await.expect(201).id();
        link(&api, &contact, "cn_a", ["dead", "failing", "synced"][number % 3]).await;
        link(&api, &contact, "cn_b", ["failing", "pending", "dead", "dead"][number % 4]).await;
    }
    let all = list(&api, "?limit=200").await["items"].as_array().cloned().unwrap();
    assert_eq!(all.len(), 29);
    let place = |item: &Value| (item["connection"].to_string(), item["contactId"].to_string());
    assert!(all.is_sorted_by_key(place));
    for (query, connection, state) in [
        ("", None, None),
        ("state=dead", None, Some("dead")),
        ("state=failing&connection=cn_b", Some("cn_b"), Some("failing")),
        ("connection=cn_a", Some("cn_a"), None),
        ("connection=cn_none", Some("cn_none"), None),
    ] {
        let is = |item: &Value, name: &str, wanted: Option<&str>| wanted.is_none_or(|wanted| item[name] == wanted);
        let wanted = |item: &&Value| is(item, "connection", connection) && is(item, "state", state);
        let expected: Vec<_> = all.iter().filter(wanted).cloned().collect();
        assert_eq!(api.pages(&format!("/sync-failures?limit=3&{query}")).await, expected, "{query}");
    }
    let next = list(&api, "?limit=1&state=dead").await["next"].as_str().unwrap().to_owned();
    let stranger = test.api().await;
    for (api, query) in [
        (&api, format!("?cursor={next}")),
        (&stranger, format!("?state=dead&cursor={next}")),
        (&api, "?state=pending".to_owned()),
        (&api, "?contactId=x".to_owned()),
    ] {
        let answer = api.ask("GET", &format!("/sync-failures{query}")).send().await;
        assert_eq!((answer.status, answer.problem()), (400, "malformed".to_owned()), "{query}");
    }
    assert_eq!(list(&stranger, "").await, json!({"items": []}));
}

#[tokio::test]
async fn one_is_tried_from_the_beginning() {
    let test = TestApp::start().await;
    let api = test.api().await;
    Remote::connect(&api, "cn_acme").await;
    let contact = api.create(&ada()).await.expect(201).id();
    link(&api, &contact, "cn_acme", "dead").await;
    let answer = replay(&api, &format!("cn_acme.{contact}")).await.expect(202).json();
    assert_eq!((&answer["state"], &answer["attempts"], answer.get("failure")), (&json!("pending"), &json!(0), None));
    assert!(answer["retryAt"].is_string(), "{answer}");
    let as_it_was = "links where state = 'pending' and attempts = 0 and failure is null and sending is not null \
                     and retry_at <= clock_timestamp() and pushed_version = 4 and remote_id is null";
    assert_eq!(test.count(as_it_was).await, 1, "it is due, and knows what it knew");
    assert_eq!(list(&api, "").await, json!({"items": []}));
    assert_eq!(replay(&api, &format!("cn_acme.{contact}")).await.expect(404).problem(), "sync-failure-not-found");
}

#[tokio::test]
async fn what_does_not_fail_or_is_not_ours_is_not_found() {
    let test = TestApp::start().await;
    let (api, stranger) = (test.api().await, test.api().await);
    Remote::connect(&api, "cn_acme").await;
    let (synced, dead) = (api.create(&ada()).await.expect(201).id(), api.create(&ada()).await.expect(201).id());
    link(&api, &synced, "cn_acme", "synced").await;
    link(&api, &dead, "cn_acme", "dead").await;
    let upper = dead.to_uppercase();
    for (api, id) in [
        (&api, format!("cn_acme.{synced}")),
        (&stranger, format!("cn_acme.{dead}")),
        (&api, format!("cn_other.{dead}")),
        (&api, format!("cn_acme.{}", Uuid::now_v7())),
        (&api, format!("cn_acme.{upper}")),
        (&api, dead.clone()),
        (&api, "cn_acme".to_owned()),
        (&api, ".".to_owned()),
    ] {
        assert_eq!(replay(api, &id).await.expect(404).problem(), "sync-failure-not-found", "{id}");
    }
    assert_eq!(test.count("links where state in ('dead', 'synced')").await, 2);
}

#[tokio::test]
async fn a_replay_waits_for_whoever_works_on_the_contact() {
    let test = TestApp::start().await;
    let api = test.api().await;
    Remote::connect(&api, "cn_acme").await;
    let contact = api.create(&ada()).await.expect(201).id();
    link(&api, &contact, "cn_acme", "failing").await;
    let worker = test.database.connect().await;
    worker.batch_execute("begin; select from contacts for no key update").await.unwrap();
    let work = async {
        test.waits_for_a_lock().await;
        // The link is still free: had it been locked first, the two would wait for each other.
        worker
            .batch_execute("update links set state = 'synced', failure = null, retry_at = null; commit")
            .await
            .unwrap();
    };
    let id = format!("cn_acme.{contact}");
    let (answer, ()) = tokio::join!(replay(&api, &id), work);
    assert_eq!(answer.expect(404).problem(), "sync-failure-not-found", "it has come through meanwhile");
    assert_eq!(test.count("links where state = 'synced' and retry_at is null").await, 1);
}

async fn list(api: &Api<'_>, query: &str) -> Value {
    api.ask("GET", &format!("/sync-failures{query}")).send().await.expect(200).json()
}

async fn replay(api: &Api<'_>, id: &str) -> Answer {
    api.ask("POST", &format!("/sync-failures/{id}/replay")).send().await
}

async fn link(api: &Api<'_>, contact: &str, connection: &str, state: &str) {
    let tenant = &api.client.tenant;
    let sql = format!(
        "insert into links (tenant_id, contact_id, connection_id, state, attempts, failure, sending, pushed_version) \
         values ('{tenant}', '{contact}', '{connection}', '{state}', 9, 'refused', \
                 '{{\"version\": 5, \"record\": null, \"since\": \"2026-01-01T00:00:00Z\"}}', 4)"
    );
    api.test.execute(&sql).await;
}
