//! Webhooks as they came: the list, newest first, and one with its body.

use serde_json::{Value, json};
use support::app::{Api, TestApp};
use support::remote::Remote;
use support::webhooks::BODY;
use uuid::Uuid;

/// A filter, and what it leaves.
type Case = (&'static str, fn(&Value) -> bool);

#[tokio::test]
async fn a_webhook_is_shown_without_its_body_in_the_list_and_with_it_alone() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_acme").await;
    let (_, name) = crm.receive("ev_1", Some("r1")).await;
    let (_, dead) = crm.receive("ev_2", None).await;
    test.execute(
        "update webhook_events set received_at = '2026-03-01T10:00:00Z';
         update webhook_events set state = 'dead', failure = 'no such event', processed_at = '2026-03-01T10:00:01.5Z',
             published_at = '2026-03-01T10:00:01Z' where event_id = 'ev_2'",
    )
    .await;
    let shown = json!({
        "id": name, "connection": "cn_acme", "eventId": "ev_1", "type": "contact.updated", "remoteId": "r1",
        "state": "received", "receivedAt": "2026-03-01T10:00:00Z",
    });
    let shown_dead = json!({
        "id": dead, "connection": "cn_acme", "eventId": "ev_2", "type": "contact.updated", "state": "dead",
        "failure": "no such event", "receivedAt": "2026-03-01T10:00:00Z", "processedAt": "2026-03-01T10:00:01.5Z",
        "publishedAt": "2026-03-01T10:00:01Z",
    });
    assert_eq!(list(&api, "").await, json!({"items": [shown_dead, shown]}));
    let mut alone = shown;
    alone["body"] = serde_json::from_str(BODY).unwrap();
    let answer = api.ask("GET", &format!("/webhook-events/{name}")).send().await.expect(200);
    assert_eq!((answer.json(), answer.header("content-type")), (alone, "application/json"));
}

#[tokio::test]
async fn a_body_is_shown_as_it_came() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_acme").await;
    let exact = " {\"n\": 12345678901234567890123, \"f\": 1.10, \"s\": \"\\u0000é\"}\n";
    for (event, body, shown) in [
        ("exact", exact.as_bytes(), format!(",\"body\":{}}}", exact.trim())),
        ("twice", b"{\"a\": 1, \"a\": 2}", ",\"bodyBase64\":\"eyJhIjogMSwgImEiOiAyfQ==\"}".to_owned()),
        ("bytes", b"\xff\x00", ",\"bodyBase64\":\"/wA=\"}".to_owned()),
        ("text", b"hello", ",\"bodyBase64\":\"aGVsbG8=\"}".to_owned()),
    ] {
        let (_, name) = crm.receive_body(event, body).await;
        let answer = api.ask("GET", &format!("/webhook-events/{name}")).send().await.expect(200);
        let json = str::from_utf8(&answer.body).unwrap();
        assert!(json.ends_with(&shown), "{json}");
        answer.json();
    }
    let (_, erased) = crm.receive_body("erased", b"").await;
    let answer = api.ask("GET", &format!("/webhook-events/{erased}")).send().await.expect(200).json();
    assert!(answer.get("body").is_none() && answer.get("bodyBase64").is_none(), "{answer}");
}

#[tokio::test]
async fn what_is_not_there_or_not_ours_is_not_found() {
    let test = TestApp::start().await;
    let (ours, theirs) = (test.api().await, test.api().await);
    let (_, name) = Remote::connect(&theirs, "cn_theirs").await.receive("ev_1", Some("r1")).await;
    for id in [&name, &name.to_uppercase(), &Uuid::now_v7().to_string(), &"replay".to_owned()] {
        let answer = ours.ask("GET", &format!("/webhook-events/{id}")).send().await.expect(404);
        assert_eq!(answer.problem(), "webhook-event-not-found");
    }
    assert_eq!(list(&ours, "").await, json!({"items": []}));
    assert_eq!(list(&ours, "?connection=cn_theirs&remoteId=r1").await, json!({"items": []}));
}

#[tokio::test]
async fn a_filter_leaves_what_matches_it_and_pages_join_whatever_it_is() {
    let test = TestApp::start().await;
    let api = test.api().await;
    fill(&test, &api).await;
    let everything = list(&api, "?limit=200").await["items"].as_array().cloned().unwrap();
    assert_eq!(everything.len(), 120);
    let times: Vec<_> = everything.iter().map(|item| item["receivedAt"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b), "newest first");
    let cases: [Case; 9] = [
        ("", |_| true),
        ("state=dead", |it| it["state"] == "dead"),
        ("state=processed&connection=cn_b", |it| it["state"] == "processed" && it["connection"] == "cn_b"),
        ("type=contact.deleted", |it| it["type"] == "contact.deleted"),
        ("type=contact.deleted&state=unchanged&connection=cn_a", |it| {
            it["type"] == "contact.deleted" && it["state"] == "unchanged" && it["connection"] == "cn_a"
        }),
        ("connection=cn_b&remoteId=r3", |it| it["connection"] == "cn_b" && it["remoteId"] == "r3"),
        ("connection=cn_b&remoteId=r3&state=dead&type=contact.updated", |it| {
            let key = (&it["connection"], &it["remoteId"]);
            key == (&json!("cn_b"), &json!("r3")) && it["state"] == "dead" && it["type"] == "contact.updated"
        }),
        ("receivedAfter=2026-03-01T00:00:10Z&receivedBefore=2026-03-01T00:00:20Z", |it| (11..20).contains(&second(it))),
        ("connection=cn_a&receivedAfter=2026-03-01T00:00:30Z", |it| it["connection"] == "cn_a" && second(it) > 30),
    ];
    for (query, matches) in cases {
        let expected: Vec<_> = everything.iter().filter(|item| matches(item)).cloned().collect();
        assert!(!expected.is_empty(), "{query}");
        assert_eq!(api.pages(&format!("/webhook-events?limit=2&{query}")).await, expected, "{query}");
        assert_eq!(list(&api, &format!("?limit=200&{query}")).await["items"], json!(expected), "{query}");
    }
}

#[tokio::test]
async fn a_rare_type_is_found_however_far_away_it_is() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_acme").await;
    let (_, rare) = crm.receive("rare", Some("r1")).await;
    test.execute("update webhook_events set type = 'contact.merged', received_at = '2026-02-01T00:00:00Z'").await;
    copies(&test, &api, 9_000).await;
    let (mut pages, mut cursor, mut found) = (0, String::new(), Vec::new());
    loop {
        let page = list(&api, &format!("?type=contact.merged{cursor}")).await;
        found.extend(page["items"].as_array().cloned().unwrap());
        pages += 1;
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found.iter().map(|item| item["id"].clone()).collect::<Vec<_>>(), [json!(rare)]);
    assert!((2..=6).contains(&pages), "each looks through a part: {pages}");
}

#[tokio::test]
async fn a_cursor_leads_on_in_its_own_list_only_and_a_bad_parameter_is_refused() {
    let test = TestApp::start().await;
    let (api, stranger) = (test.api().await, test.api().await);
    fill(&test, &api).await;
    let next = list(&api, "?limit=1&state=dead").await["next"].as_str().unwrap().to_owned();
    let items = list(&api, &format!("?limit=5&state=dead&cursor={next}")).await;
    assert_eq!(items["items"].as_array().unwrap().len(), 5);
    for (api, query) in [
        (&api, format!("?cursor={next}")),
        (&api, format!("?state=received&cursor={next}")),
        (&stranger, format!("?state=dead&cursor={next}")),
        (&api, format!("?state=dead&cursor={next}A")),
        (&api, "?state=failed".to_owned()),
        (&api, "?state=".to_owned()),
        (&api, "?type=".to_owned()),
        (&api, "?type=%00".to_owned()),
        (&api, "?connection=".to_owned()),
        (&api, "?remoteId=r1".to_owned()),
        (&api, "?receivedAfter=yesterday".to_owned()),
        (&api, "?limit=0".to_owned()),
        (&api, "?eventId=ev_1".to_owned()),
    ] {
        let answer = api.ask("GET", &format!("/webhook-events{query}")).send().await;
        assert_eq!((answer.status, answer.problem()), (400, "malformed".to_owned()), "{query}");
    }
}

async fn list(api: &Api<'_>, query: &str) -> Value {
    api.ask("GET", &format!("/webhook-events{query}")).send().await.expect(200).json()
}

/// The second of its minute at which a webhook came.
fn second(webhook: &Value) -> u32 {
    let time = webhook["receivedAt"].as_str().unwrap();
    time[time.len() - 3..time.len() - 1].parse().unwrap()
}

/// A hundred and twenty webhooks of two connections, in all states and of two types; three came at each moment.
async fn fill(test: &TestApp, api: &Api<'_>) {
    for connection in ["cn_a", "cn_b"] {
        Remote::connect(api, connection).await;
    }
    let tenant = &api.client.tenant;
    let sql = format!(
        "insert into webhook_events (ce_id, tenant_id, connection_id, event_id, type, remote_id, state, body, received_at)
         select gen_random_uuid(), '{tenant}', case when n % 3 = 0 then 'cn_b' else 'cn_a' end, 'ev_' || n,
                case when n % 5 = 0 then 'contact.deleted' else 'contact.updated' end, 'r' || (n % 6),
                (array['received', 'processed', 'unchanged', 'dead'])[n % 4 + 1], '{{}}',
                timestamptz '2026-03-01T00:00:00Z' + (n * 7 % 40) * interval '1 second'
         from generate_series(1, 120) n"
    );
    test.execute(&sql).await;
}

/// So many processed webhooks of another type, each newer than the one before.
async fn copies(test: &TestApp, api: &Api<'_>, count: u32) {
    let tenant = &api.client.tenant;
    let sql = format!(
        "insert into webhook_events (ce_id, tenant_id, connection_id, event_id, type, remote_id, state, body, received_at)
         select gen_random_uuid(), '{tenant}', 'cn_acme', 'ev_' || n, 'contact.updated', 'r' || n, 'processed', '{{}}',
                timestamptz '2026-03-01T00:00:00Z' + n * interval '1 second'
         from generate_series(1, {count}) n"
    );
    test.execute(&sql).await;
}
