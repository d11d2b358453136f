//! What it costs to look at webhooks and at the sync, and to replay.

use serde_json::json;
use support::remote::{Remote, record};

use crate::round_trips::{Counted, Trips};

#[tokio::test]
async fn a_page_or_a_webhook_takes_one_statement() {
    let counted = Counted::start().await;
    let api = counted.warm().await;
    let crm = Remote::connect(&api, "cn_one").await;
    let (_, name) = crm.receive("ev_1", Some("r1")).await;
    for path in [
        "/webhook-events".to_owned(),
        "/webhook-events?state=received&type=contact.updated&connection=cn_one&remoteId=r1".to_owned(),
        format!("/webhook-events/{name}"),
        "/sync-failures".to_owned(),
        "/sync-failures?connection=cn_one&state=dead".to_owned(),
        "/sync-conflicts?connection=cn_one".to_owned(),
    ] {
        // The first of its kind prepares the statement.
        api.ask("GET", &path).send().await.expect(200);
        let cost = counted.count(api.ask("GET", &path).send(), 200).await;
        assert_eq!(cost, Trips { redis: 1, database: 1 }, "{path}");
    }
}

#[tokio::test]
async fn replaying_takes_one_statement_and_for_many_one_a_thousand() {
    let counted = Counted::start().await;
    let api = counted.warm().await;
    let crm = Remote::connect(&api, "cn_one").await;
    let (_, name) = crm.receive("ev_1", Some("r1")).await;
    let contact = crm.put("7", &record("7")).await.expect(201).id();
    let one = || api.ask("POST", &format!("/webhook-events/{name}/replay")).send();
    let many = || api.ask("POST", "/webhook-events/replay").json(&json!({"state": "dead"})).send();
    let link = async || {
        api.test.execute("update links set state = 'dead'").await;
        api.ask("POST", &format!("/sync-failures/cn_one.{contact}/replay")).send().await
    };
    one().await.expect(202);
    many().await.expect(202);
    link().await.expect(202);
    api.test.execute("update webhook_events set state = 'dead'").await;
    assert_eq!(counted.count(one(), 202).await, Trips { redis: 1, database: 1 });
    assert_eq!(counted.count(link(), 202).await, Trips { redis: 1, database: 1 });
    let more = "insert into webhook_events (ce_id, tenant_id, connection_id, event_id, type, remote_id, state, body, received_at) \
                select gen_random_uuid(), tenant_id, connection_id, 'n' || n, type, remote_id, 'dead', body, received_at \
                from webhook_events, generate_series(1, 1500) n";
    api.test.execute(more).await;
    let limited = || api.ask("POST", "/webhook-events/replay").json(&json!({"state": "dead", "limit": 700})).send();
    // What it replayed is charged afterwards.
    assert_eq!(counted.count(limited(), 202).await, Trips { redis: 2, database: 1 });
    api.test.execute("update webhook_events set state = 'dead'").await;
    let all = || api.ask("POST", "/webhook-events/replay").json(&json!({"state": "dead", "limit": 5000})).send();
    assert_eq!(counted.count(all(), 202).await, Trips { redis: 2, database: 2 }, "1,000 of 1,501");
}
