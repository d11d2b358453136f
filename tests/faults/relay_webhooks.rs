//! What the relay publishes of webhooks, and what it says of them afterwards: that they were published, and nothing else.

use std::time::Duration;

use serde_json::{Value, json};
use support::app::TestApp;
use support::kafka::{self, Topic};
use support::relay::Relays;
use support::remote::Remote;
use support::wait::eventually;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_webhook_is_published_as_a_wake_up() {
    let test = TestApp::start().await;
    let (api, topic) = (test.api().await, Topic::create().await);
    let remote = Remote::connect(&api, "cn_acme").await;
    let (_, name) = remote.receive("ev_1", Some("r/1 ü")).await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    test.execute(&format!(
        "update webhook_events set traceparent = '{trace}', received_at = '2026-03-01T12:00:00.5+02:00'"
    ))
    .await;

    let _relay = Relays::of(&test, &topic).work().await;
    test.webhook_outbox().settled().await;
    let records = topic.records().await;
    let [record] = records.as_slice() else { panic!("one webhook, one record: {records:?}") };
    assert_eq!(record.key.as_deref(), Some("cn_acme/r/1 ü"));
    let value = json!({
        "id": name, "connection": "cn_acme", "remoteId": "r/1 ü", "eventId": "ev_1",
        "receivedAt": "2026-03-01T10:00:00.500000Z",
    });
    assert_eq!(record.value, value, "the body stays where it is");
    let headers = [
        ("ce_id", name.as_str()),
        ("ce_source", "urn:crosswalk:webhooks"),
        ("ce_specversion", "1.0"),
        ("ce_subject", "cn_acme/r/1 ü"),
        ("ce_tenantid", &api.client.tenant),
        ("ce_time", "2026-03-01T10:00:00.5Z"),
        ("ce_type", "webhook.contact.updated"),
        ("content-type", "application/json"),
        ("traceparent", trace),
    ];
    assert_eq!(record.headers, headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    let row = remote.webhook_row("ev_1").await;
    assert_eq!((&row["state"], &row["processed_at"]), (&json!("received"), &Value::Null), "published, not worked");
}

#[tokio::test]
async fn one_that_names_no_record_is_published_too_and_one_that_is_dead_is_not() {
    let test = TestApp::start().await;
    let (api, topic) = (test.api().await, Topic::create().await);
    let remote = Remote::connect(&api, "cn_acme").await;
    remote.receive("invalid", Some("r1")).await;
    test.execute("update webhook_events set state = 'dead', failure = 'no such event'").await;
    let (_, name) = remote.receive("nameless", None).await;
    let _relay = Relays::of(&test, &topic).work().await;
    test.webhook_outbox().settled().await;
    let records = topic.records().await;
    let [record] = records.as_slice() else { panic!("one that waits, one record: {records:?}") };
    assert_eq!((record.key.as_deref(), &record.value["id"]), (Some("cn_acme/"), &json!(name)));
    assert_eq!(record.value.get("remoteId"), None);
    assert_eq!(remote.webhook_row("invalid").await["published_at"], Value::Null);
}

#[tokio::test]
async fn one_that_the_topic_does_not_take_is_parked_and_the_rest_goes_on() {
    let test = TestApp::start().await;
    let (api, topic) = (test.api().await, Topic::create_with(&[("max.message.bytes", "1500")]).await);
    let remote = Remote::connect(&api, "cn_acme").await;
    let long = "e".repeat(1500);
    for event in ["before", &long, "after"] {
        remote.receive(event, Some("r1")).await;
    }
    let relay = Relays::of(&test, &topic).setting("CROSSWALK_SHIFT_SECONDS", "3").start().await;
    let report = relay.shift().await.unwrap();
    assert_eq!((&report["published"], &report["parked"]), (&json!(2), &json!(1)), "{report}");
    let row = remote.webhook_row(&long).await;
    assert_eq!((&row["state"], &row["published_at"]), (&json!("dead"), &Value::Null));
    assert!(row["failure"].as_str().unwrap().contains("too large"), "{row}");
    assert_eq!(test.webhook_outbox().waiting().await, 0);
    test.webhook_outbox().assert_webhooks_published(&topic).await;
}

#[tokio::test]
async fn a_late_mark_does_not_bring_back_what_is_done_with() {
    let (test, topic) = (TestApp::start().await, Topic::create().await);
    let api = test.api().await;
    let remote = Remote::connect(&api, "cn_acme").await;
    remote.receive("ev_1", Some("r1")).await;
    let relay = marked_after(&test, &topic, "state = 'processed', processed_at = now()").await;
    let marked = || async { remote.webhook_row("ev_1").await["published_at"].is_string() };
    eventually("the mark", SOON, marked).await;
    assert_eq!(remote.webhook_row("ev_1").await["state"], "processed");
    assert_eq!(topic.records().await.len(), 1);
    assert!(!relay.said("WARN"), "{}", relay.function.log());
}

#[tokio::test]
async fn a_late_mark_does_not_swallow_a_replay() {
    let (test, topic) = (TestApp::start().await, Topic::create().await);
    let api = test.api().await;
    let remote = Remote::connect(&api, "cn_acme").await;
    remote.receive("ev_1", Some("r1")).await;
    // It was published, worked and replayed before the relay could say that it was published.
    let _relay = marked_after(&test, &topic, "replays = replays + 1").await;
    test.webhook_outbox().settled().await;
    assert_eq!(topic.records().await.len(), 2);
}

/// Has a relay publish what waits, and changes it before the relay's mark does.
async fn marked_after(test: &TestApp, topic: &Topic, change: &str) -> support::relay::Relay {
    let blocker = test.database.connect().await;
    blocker.batch_execute(&format!("begin; update webhook_events set {change}")).await.unwrap();
    let relay = Relays::of(test, topic).work().await;
    eventually("the record", SOON, || async { !topic.records().await.is_empty() }).await;
    test.waits_for_a_lock().await;
    blocker.batch_execute("commit").await.unwrap();
    relay
}

#[tokio::test]
async fn without_the_lease_nothing_is_marked() {
    let proxy = kafka::proxy().await;
    let (test, topic) = (TestApp::start().await, Topic::create().await);
    let (api, outbox) = (test.api().await, test.webhook_outbox());
    let remote = Remote::connect(&api, "cn_acme").await;
    // By its own clock the lease is long: it is the mark's statement that must notice.
    let relays = Relays::of(&test, &topic).setting("CROSSWALK_LEASE_MS", "300000");
    let relay = relays.behind_the_kafka_proxy().start().await;
    let shift = relay.shift();
    remote.receive("ev_1", Some("r1")).await;
    outbox.settled().await;

    proxy.stall().await;
    remote.receive("ev_2", Some("r1")).await;
    outbox.held_up("-- The oldest waiting webhooks").await;
    outbox.seize_lease().await;
    proxy.pass().await;
    let report = shift.await.unwrap();
    assert_eq!((&report["published"], outbox.waiting().await), (&json!(1), 1), "the first one alone: {report}");
    assert_eq!(topic.records().await.len(), 2, "the second one did arrive");
}
