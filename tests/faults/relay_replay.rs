//! What is replayed comes round again, though the relay had long been past it.

use std::time::Duration;

use serde_json::json;
use support::app::{Setup, TestApp, ada};
use support::kafka::Topic;
use support::relay::Relays;
use support::remote::Remote;
use support::wait::eventually;

/// Transactions of other tests, on the same server, hold the floor back.
const IN_THE_END: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_webhook_below_the_floor_is_published_again() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.webhook_outbox());
    let crm = Remote::connect(&api, "cn_acme").await;
    let (first, name) = crm.receive("ev_1", Some("r1")).await;
    let (last, _) = crm.receive("ev_2", Some("r2")).await;
    let _relay = Relays::of(&test, &topic).setting("CROSSWALK_FLOOR_SECONDS", "1").work().await;
    outbox.settled().await;
    test.execute("update webhook_events set state = 'dead', failure = 'no such status' where event_id = 'ev_1'").await;
    let passed = format!("relay_floors where source = 'webhook_events' and floor >= {last} and {first} < {last}");
    let replays_passed = "relay_floors where source = 'webhook_replays' and floor >= 1";
    eventually("the floor to pass both", IN_THE_END, || async { test.count(&passed).await == 1 }).await;

    api.ask("POST", &format!("/webhook-events/{name}/replay")).send().await.expect(202);
    outbox.settled().await;
    let copies: Vec<_> = topic.records().await.into_iter().filter(|record| record.value["id"] == name).collect();
    let [before, after] = copies.as_slice() else { panic!("once and once more: {copies:?}") };
    assert_eq!((&before.key, &before.headers, &before.value), (&after.key, &after.headers, &after.value));
    assert_eq!(topic.records().await.len(), 3, "the other one did not come again");
    assert_eq!(test.count(&passed).await, 1, "a replay does not lower the floor");
    eventually("the replay's own floor", IN_THE_END, || async { test.count(replays_passed).await == 1 }).await;
    api.ask("POST", &format!("/webhook-events/{name}/replay")).send().await.expect(202);
    outbox.settled().await;
}

#[tokio::test]
async fn new_webhook_does_not_wait_for_another_tenants_replay() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000").start().await;
    let (api, topic) = (test.api().await, Topic::create().await);
    Remote::connect(&api, "cn_replays").await;
    let tenant = &api.client.tenant;
    test.execute(&format!(
        "insert into webhook_events (ce_id, tenant_id, connection_id, event_id, type, state, body, received_at, published_at)
         select gen_random_uuid(), '{tenant}', 'cn_replays', 'ev_' || n, 'contact.updated', 'unchanged', '{{}}', now(), now()
         from generate_series(1, 1000) n"
    ))
    .await;
    let answer = api.ask("POST", "/webhook-events/replay").json(&json!({"state": "unchanged"})).send().await;
    assert_eq!(answer.expect(202).json()["replayed"], 1_000);
    let other = test.api().await;
    let crm = Remote::connect(&other, "cn_other").await;
    let _relay = Relays::of(&test, &topic).work().await;
    let replays_published = "webhook_events where connection_id = 'cn_replays' and published_at is not null";
    eventually("the first replays", IN_THE_END, || async { test.count(replays_published).await > 0 }).await;

    crm.receive("new", Some("r1")).await;
    let published = "webhook_events where event_id = 'new' and published_at is not null";
    eventually("the new webhook", Duration::from_secs(2), || async { test.count(published).await == 1 }).await;
    // Without a consumer nothing is processed, so that no more than these are on the topic.
    assert_eq!(test.count(replays_published).await, 20, "replays are published as they are processed");
    test.execute("update webhook_events set state = 'unchanged' where published_at is not null").await;
    eventually("more replays", IN_THE_END, || async { test.count(replays_published).await == 40 }).await;
}

#[tokio::test]
async fn replays_while_the_floor_rises_lose_nothing() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000").start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.webhook_outbox());
    let crm = Remote::connect(&api, "cn_acme").await;
    for event in 0..30 {
        crm.receive(&format!("ev_{event}"), Some(&format!("r{}", event % 5))).await;
    }
    // The floor is looked at, and raised, many times a second.
    let _relay = Relays::of(&test, &topic).setting("CROSSWALK_FLOOR_SECONDS", "0").work().await;
    for round in 0..10 {
        outbox.settled().await;
        let replayed = api.ask("POST", "/webhook-events/replay").json(&json!({"connection": "cn_acme"})).send().await;
        assert_eq!(replayed.expect(202).json()["replayed"], 30 + round);
        crm.receive(&format!("new_{round}"), Some("r1")).await;
    }
    outbox.settled().await;
    let published = topic.records().await;
    for event in 0..30 {
        let copies = published.iter().filter(|record| record.value["eventId"] == format!("ev_{event}")).count();
        assert_eq!(copies, 11, "ev_{event}");
    }
}

#[tokio::test]
async fn a_link_that_was_given_up_is_sent_round() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    Remote::connect(&api, "cn_acme").await;
    let id = api.create(&ada()).await.expect(201).id();
    let tenant = &api.client.tenant;
    test.execute(&format!(
        "insert into links (tenant_id, contact_id, connection_id, state, attempts, failure) \
         values ('{tenant}', '{id}', 'cn_acme', 'dead', 40, 'refused')"
    ))
    .await;
    let _relay = Relays::of(&test, &topic).work().await;
    outbox.settled().await;
    api.ask("POST", &format!("/sync-failures/cn_acme.{id}/replay")).send().await.expect(202);
    eventually("the contact to come round", IN_THE_END, || async { topic.records().await.len() == 2 }).await;
    let waits = "links where state = 'pending' and attempts = 0 and retry_at > now() + interval '50 s'";
    eventually("the link to wait", IN_THE_END, || async { test.count(waits).await == 1 }).await;
}
