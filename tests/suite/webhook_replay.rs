//! Webhooks wait again: one by its name, or all that match.

use futures::future::join_all;
use serde_json::{Value, json};
use support::app::{Answer, Api, Setup, TestApp};
use support::remote::Remote;
use uuid::Uuid;

#[tokio::test]
async fn one_waits_again_whatever_became_of_it() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_acme").await;
    let mut positions = 0;
    for (event, state, published) in [
        ("dead", "state = 'dead', failure = 'no such event', processed_at = now()", true),
        ("unpublished", "state = 'dead', failure = 'no such event'", false),
        ("processed", "state = 'processed', processed_at = now()", true),
        ("unchanged", "state = 'unchanged', processed_at = now()", true),
        // Perhaps it is just being worked, perhaps it was lost.
        ("on its way", "state = 'received'", true),
    ] {
        let (_, name) = crm.receive(event, Some("r1")).await;
        let published = if published { "now()" } else { "null" };
        let sql = format!("update webhook_events set {state}, published_at = {published} where event_id = '{event}'");
        test.execute(&sql).await;
        let before = crm.webhook_row(event).await;
        let answer = replay(&api, &name).await.expect(202);
        let shown = api.ask("GET", &format!("/webhook-events/{name}")).send().await.expect(200).json();
        let mut expected = shown.clone();
        expected.as_object_mut().unwrap().remove("body");
        assert_eq!(answer.json(), expected, "{event}");
        assert_eq!(shown["state"], "received");
        let mut row = before;
        for (column, value) in [("state", json!("received")), ("replays", json!(1))] {
            row[column] = value;
        }
        positions += 1;
        row["replay_position"] = json!(positions);
        for column in ["failure", "processed_at", "published_at"] {
            row[column] = Value::Null;
        }
        assert_eq!(crm.webhook_row(event).await, row, "nothing else changed");
    }
}

#[tokio::test]
async fn one_that_waits_already_is_left_as_it_is() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_acme").await;
    let (_, name) = crm.receive("ev_1", Some("r1")).await;
    raise_floor(&test, 1_000).await;
    let before = (crm.webhook_row("ev_1").await, floor(&test).await);
    assert_eq!(replay(&api, &name).await.expect(202).json()["state"], "received");
    assert_eq!((crm.webhook_row("ev_1").await, floor(&test).await), before);
}

#[tokio::test]
async fn replay_leaves_the_shared_floors_and_takes_the_next_position() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_acme").await;
    crm.receive("ev_1", Some("r1")).await;
    let (_, name) = crm.receive("ev_2", Some("r1")).await;
    test.execute("update webhook_events set state = 'processed', published_at = now()").await;
    raise_floor(&test, 1_000).await;
    // Held by another tenant's replay or by the relay.
    let mut other = test.database.connect().await;
    let transaction = other.transaction().await.unwrap();
    transaction.execute("select from relay_floors for update", &[]).await.unwrap();
    let before = floor(&test).await;
    replay(&api, &name).await.expect(202);
    assert_eq!(floor(&test).await, before);
    assert_eq!(crm.webhook_row("ev_2").await["replay_position"], 1);
    replay_all(&api, &json!({"state": "processed"})).await.expect(202);
    assert_eq!(crm.webhook_row("ev_1").await["replay_position"], 2);
    transaction.rollback().await.unwrap();
}

#[tokio::test]
async fn replay_stops_while_a_thousand_replayed_webhooks_wait() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000").start().await;
    let api = test.api().await;
    fill(&test, &api, 5_000).await;
    // 1,250 are dead.
    let dead = json!({"state": "dead", "limit": 10_000});
    let waiting = "webhook_events where state = 'received' and replay_position is not null";
    let answer = replay_all(&api, &dead).await.expect(202).json();
    assert_eq!(answer, json!({"replayed": 1_000, "skipped": 0, "more": true}));
    assert_eq!(replay_all(&api, &dead).await.expect(202).json(), json!({"replayed": 0, "skipped": 0, "more": true}));
    // Published is not enough: the consumers have them still to process.
    test.execute("update webhook_events set published_at = now() where state = 'received'").await;
    assert_eq!(replay_all(&api, &dead).await.expect(202).json()["replayed"], 0);
    assert_eq!(test.count(waiting).await, 1_000);
    test.execute("update webhook_events set state = 'unchanged' where replay_position is not null").await;
    let rest = replay_all(&api, &dead).await.expect(202).json();
    assert_eq!(rest, json!({"replayed": 250, "skipped": 0, "more": false}));
}

#[tokio::test]
async fn replay_takes_as_much_of_the_quota_as_the_webhooks_it_replays() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "10/20").start().await;
    let api = test.api().await;
    fill(&test, &api, 400).await;
    let answer = replay_all(&api, &json!({"state": "dead", "limit": 60})).await.expect(202);
    assert_eq!(answer.json()["replayed"], 60);
    let paid_in = answer.header("ratelimit").strip_prefix("\"default\";r=0;t=").unwrap_or_default().to_owned();
    assert!(["6", "7"].contains(&paid_in.as_str()), "61 at 10 a second: {answer:?}");
    let refused = replay_all(&api, &json!({"state": "dead"})).await.expect(429);
    let retry_after: u64 = refused.header("retry-after").parse().unwrap();
    assert!((3..=5).contains(&retry_after), "60 are paid for in 6 s, and the burst is 2 s of it: {refused:?}");
}

#[tokio::test]
async fn what_was_erased_cannot_be_worked_again() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_acme").await;
    let (_, name) = crm.receive_body("ev_1", b"").await;
    test.execute("update webhook_events set state = 'processed', published_at = now()").await;
    let before = crm.webhook_row("ev_1").await;
    assert_eq!(replay(&api, &name).await.expect(409).problem(), "webhook-event-erased");
    assert_eq!(
        replay_all(&api, &json!({"state": "processed"})).await.expect(202).json(),
        json!({"replayed": 0, "skipped": 1, "more": false})
    );
    assert_eq!(crm.webhook_row("ev_1").await, before);
}

#[tokio::test]
async fn what_is_not_there_or_not_ours_is_not_replayed() {
    let test = TestApp::start().await;
    let (ours, theirs) = (test.api().await, test.api().await);
    let crm = Remote::connect(&theirs, "cn_theirs").await;
    let (_, name) = crm.receive("ev_1", Some("r1")).await;
    test.execute("update webhook_events set state = 'dead', failure = 'no'").await;
    for id in [&name, &Uuid::now_v7().to_string(), &"7".to_owned()] {
        assert_eq!(replay(&ours, id).await.expect(404).problem(), "webhook-event-not-found");
    }
    let matching = json!({"connection": "cn_theirs", "remoteId": "r1", "state": "dead"});
    assert_eq!(replay_all(&ours, &matching).await.expect(202).json()["replayed"], 0);
    assert_eq!(crm.webhook_row("ev_1").await["state"], "dead");
}

#[tokio::test]
async fn many_wait_again_oldest_first_as_far_as_the_limit() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000").start().await;
    let api = test.api().await;
    fill(&test, &api, 1_300).await;
    let dead = json!({"state": "dead", "limit": 300});
    // A quarter is dead.
    let first = replay_all(&api, &dead).await.expect(202).json();
    assert_eq!(first, json!({"replayed": 300, "skipped": 0, "more": true}));
    assert_eq!(test.count("webhook_events where replays = 1").await, 300);
    let oldest = "webhook_events w where replays = 1 and exists (\
                  select from webhook_events o where o.state = 'dead' and o.received_at < w.received_at)";
    assert_eq!(test.count(oldest).await, 0, "they are the oldest");
    assert_eq!(replay_all(&api, &dead).await.expect(202).json(), json!({"replayed": 25, "skipped": 0, "more": false}));
    assert_eq!(replay_all(&api, &dead).await.expect(202).json(), json!({"replayed": 0, "skipped": 0, "more": false}));
    assert_eq!(test.count("webhook_events where state = 'dead'").await, 0);

    // Those that wait already are among these.
    let all = replay_all(&api, &json!({"connection": "cn_acme", "limit": 10_000})).await.expect(202).json();
    assert_eq!(all, json!({"replayed": 650, "skipped": 650, "more": false}));
    assert_eq!(test.count("webhook_events where replays = 1 and state = 'received'").await, 975);
}

#[tokio::test]
async fn a_filter_says_which() {
    let test = TestApp::start().await;
    let api = test.api().await;
    fill(&test, &api, 200).await;
    for (filter, condition) in [
        (json!({"state": "unchanged"}), "state = 'unchanged'"),
        (json!({"type": "contact.deleted", "state": "processed"}), "type = 'contact.deleted' and state = 'processed'"),
        (json!({"connection": "cn_acme", "remoteId": "r3", "state": null}), "remote_id = 'r3'"),
        (
            json!({"receivedAfter": "2026-03-01T00:00:20Z", "receivedBefore": "2026-03-01T00:00:40+00:00"}),
            "received_at > '2026-03-01T00:00:20Z' and received_at < '2026-03-01T00:00:40Z'",
        ),
    ] {
        let due = format!("{condition} and not (state = 'received' and published_at is null)");
        let (due, matching) = (ids(&test, &due).await, ids(&test, condition).await);
        assert!(!due.is_empty(), "{filter}");
        let answer = replay_all(&api, &filter).await.expect(202).json();
        let skipped = matching.len() - due.len();
        assert_eq!(answer, json!({"replayed": due.len(), "skipped": skipped, "more": false}), "{filter}");
        assert_eq!(ids(&test, "replays > 0").await, due, "{filter}");
        test.execute("update webhook_events set replays = 0").await;
    }
}

#[tokio::test]
async fn a_rare_type_is_replayed_however_far_away_it_is() {
    let test = TestApp::start().await;
    let api = test.api().await;
    fill(&test, &api, 9_000).await;
    test.execute("update webhook_events set type = 'contact.merged' where event_id in ('ev_4', 'ev_8999')").await;
    let answer = replay_all(&api, &json!({"type": "contact.merged"})).await.expect(202).json();
    assert_eq!(answer["more"], false);
    assert_eq!(answer["replayed"].as_i64().unwrap() + answer["skipped"].as_i64().unwrap(), 2);
}

#[tokio::test]
async fn replays_at_once_get_out_of_each_others_way() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000").start().await;
    let api = test.api().await;
    fill(&test, &api, 400).await;
    let (_, one) = Remote { api: &api, connection: "cn_acme".to_owned() }.receive("one", Some("r1")).await;
    test.execute("update webhook_events set state = 'dead', published_at = null").await;
    let all = json!({"connection": "cn_acme"});
    let answers = join_all((0..4).map(|_| replay_all(&api, &all)));
    let (answers, single) = tokio::join!(answers, replay(&api, &one));
    single.expect(202);
    let replayed: i64 = answers.into_iter().map(|it| it.expect(202).json()["replayed"].as_i64().unwrap()).sum();
    assert!((400..=401).contains(&replayed), "{replayed}");
    assert_eq!(test.count("webhook_events where replays = 1 and state = 'received'").await, 401, "once each");
}

#[tokio::test]
async fn what_says_nothing_or_nonsense_is_refused_where_it_stands() {
    let test = TestApp::start().await;
    let api = test.api().await;
    fill(&test, &api, 8).await;
    for (body, faults) in [
        (json!({}), vec![("", "required")]),
        (json!({"limit": 5}), vec![("", "required")]),
        (json!({"remoteId": "r1"}), vec![("/connection", "required")]),
        (json!({"state": "failed", "limit": 10_001}), vec![("/limit", "invalid"), ("/state", "invalid")]),
        (
            json!({"state": 7, "limit": 0, "type": []}),
            vec![("/limit", "invalid"), ("/state", "type"), ("/type", "type")],
        ),
        (
            json!({"receivedAfter": "today", "receivedBefore": 1, "color": 1}),
            vec![("/color", "unknown"), ("/receivedAfter", "invalid"), ("/receivedBefore", "type")],
        ),
        (json!([]), vec![("", "type")]),
    ] {
        let answer = replay_all(&api, &body).await.expect(422);
        let expected: Vec<_> = faults.into_iter().map(|(at, code)| (at.to_owned(), code.to_owned())).collect();
        assert_eq!(answer.faults(), expected, "{body}");
    }
    let with_a_body = api.ask("POST", &format!("/webhook-events/{}/replay", Uuid::now_v7()));
    assert_eq!(with_a_body.json(&json!({"force": true})).send().await.expect(422).faults()[0].0, "/force");
    assert_eq!(test.count("webhook_events where replays > 0").await, 0);
}

async fn replay(api: &Api<'_>, name: &str) -> Answer {
    api.ask("POST", &format!("/webhook-events/{name}/replay")).send().await
}

async fn replay_all(api: &Api<'_>, filter: &Value) -> Answer {
    api.ask("POST", "/webhook-events/replay").json(filter).send().await
}

async fn raise_floor(test: &TestApp, floor: i64) {
    let sql = format!(
        "update relay_floors set floor = {floor}, candidate = {floor} + 1, candidate_xid = pg_current_xact_id(), \
         candidate_at = now() where source = 'webhook_events'"
    );
    test.execute(&sql).await;
}

/// The floor of webhooks and its candidate.
async fn floor(test: &TestApp) -> Value {
    let sql = "select jsonb_build_array(floor, candidate, candidate_xid, candidate_at) from relay_floors \
               where source = 'webhook_events'";
    test.sql.query_one(sql, &[]).await.unwrap().get(0)
}

async fn ids(test: &TestApp, condition: &str) -> Vec<i64> {
    let sql = format!("select id from webhook_events where {condition} order by id");
    test.sql.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// So many webhooks, a second apart, a quarter of them in each state; what is not received was published.
async fn fill(test: &TestApp, api: &Api<'_>, count: u32) {
    Remote::connect(api, "cn_acme").await;
    let tenant = &api.client.tenant;
    let sql = format!(
        "insert into webhook_events (ce_id, tenant_id, connection_id, event_id, type, remote_id, state, body, received_at,
                                     published_at)
         select gen_random_uuid(), '{tenant}', 'cn_acme', 'ev_' || n,
                case when n % 5 = 0 then 'contact.deleted' else 'contact.updated' end, 'r' || (n % 6),
                (array['received', 'processed', 'unchanged', 'dead'])[n % 4 + 1], '{{}}',
                timestamptz '2026-03-01T00:00:00Z' + n * interval '1 second', case when n % 4 > 0 then now() end
         from generate_series(1, {count}) n"
    );
    test.execute(&sql).await;
}
