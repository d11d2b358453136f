//! Webhooks of a record come in the order they were accepted, whatever happens to the relay and however slow a writer is.

use std::time::Duration;

use support::app::TestApp;
use support::kafka::{self, Topic};
use support::relay::Relays;
use support::remote::Remote;
use support::wait::eventually;

const SOON: Duration = Duration::from_secs(20);

/// Transactions of other tests, on the same server, hold the floor back as well.
const IN_THE_END: Duration = Duration::from_mins(1);

#[tokio::test]
async fn killed_at_any_moment_the_relay_loses_none_and_keeps_their_order() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.webhook_outbox());
    let (acme, other) = (Remote::connect(&api, "cn_acme").await, Remote::connect(&api, "cn_other").await);
    let relays = Relays::of(&test, &topic).setting("CROSSWALK_LEASE_MS", "1000").setting("CROSSWALK_BATCH_ROWS", "5");
    for round in 0..4 {
        for event in 0..12 {
            // Two accounts have records with the same ids.
            let remote = if event % 3 == 0 { &other } else { &acme };
            remote.receive(&format!("ev_{round}_{event}"), Some(&format!("r{}", event % 4))).await;
        }
        let before = outbox.published().await;
        let relay = relays.work().await;
        eventually("some more to be published", SOON, || async { outbox.published().await >= before + 8 }).await;
        relay.function.kill().await;
    }
    let _last = relays.work().await;
    outbox.settled().await;
    outbox.assert_webhooks_published(&topic).await;
}

#[tokio::test]
async fn without_kafka_they_wait_and_then_come_in_order() {
    let proxy = kafka::proxy().await;
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.webhook_outbox());
    let remote = Remote::connect(&api, "cn_acme").await;
    proxy.cut().await;
    let relay = Relays::of(&test, &topic).behind_the_kafka_proxy().work().await;
    for event in 0..9 {
        remote.receive(&format!("ev_{event}"), Some(&format!("r{}", event % 3))).await;
    }
    eventually("the relay to try in vain", SOON, || async { relay.said("rows wait; trying again") }).await;
    assert_eq!((outbox.published().await, outbox.waiting().await), (0, 9), "nothing is lost, and nothing parked");
    proxy.pass().await;
    outbox.settled().await;
    outbox.assert_webhooks_published(&topic).await;
}

#[tokio::test]
async fn a_writer_slower_than_the_floors_age_is_not_overtaken() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.webhook_outbox());
    let remote = Remote::connect(&api, "cn_acme").await;
    let _relay = Relays::of(&test, &topic).setting("CROSSWALK_FLOOR_SECONDS", "1").work().await;

    let mut writer = test.database.connect().await;
    let transaction = writer.transaction().await.unwrap();
    let (drawn, _) = remote.receive_by(&transaction, "slow", Some("r1"), b"{}").await;
    remote.receive("quick", Some("r2")).await;
    outbox.settled().await;
    // It could have risen past it by its age, three times over.
    let held =
        format!("floor < {drawn} and candidate >= {drawn} and candidate_at < clock_timestamp() - interval '3 s'");
    eventually("a candidate that is held back", IN_THE_END, || floor_is(&test, &held)).await;

    transaction.commit().await.unwrap();
    outbox.settled().await;
    outbox.assert_webhooks_published(&topic).await;
    let reached = format!("floor >= {drawn}");
    eventually("the floor to rise", IN_THE_END, || floor_is(&test, &reached)).await;
    assert_eq!(topic.records().await.len(), 2);
}

async fn floor_is(test: &TestApp, condition: &str) -> bool {
    let sql = format!("select ({condition}) is true from relay_floors where source = 'webhook_events'");
    test.sql.query_one(&sql, &[]).await.unwrap().get(0)
}
