//! Links that are due are sent round once more, as the latest event of their contact, and then wait for ten minutes.

use std::time::Duration;

use serde_json::json;
use support::app::{Api, TestApp, ada, grace};
use support::kafka::{self, Topic};
use support::relay::Relays;
use support::remote::Remote;
use support::wait::eventually;

use crate::load::change;

const SOON: Duration = Duration::from_secs(20);

const CLAIM: &str = "-- The links that are due";

#[tokio::test]
async fn a_contact_comes_round_as_it_was_published_and_then_waits_for_all_its_links() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    connect(&api).await;
    let id = api.create(&ada()).await.expect(201).id();
    change(&api, &id, 1..=1).await;
    let other = api.create(&grace()).await.expect(201).id();
    let relays = Relays::of(&test, &topic);
    let first = relays.work().await;
    outbox.settled().await;
    first.function.kill().await;
    let before = topic.records().await;

    link(&api, &id, "cn_one", "now() - interval '1 h'").await;
    link(&api, &id, "cn_two", "now()").await;
    link(&api, &other, "cn_one", "now() + interval '1 h'").await;
    // Long enough for several looks, short of the time they wait.
    let relay = relays.setting("CROSSWALK_SHIFT_SECONDS", "4").start().await;
    let report = relay.shift().await.unwrap();
    assert_eq!((&report["sentRound"], &report["published"]), (&json!(2), &json!(0)), "{report}");

    let latest = before.iter().rfind(|record| record.key.as_ref() == Some(&id)).unwrap();
    let copies: Vec<_> = topic.records().await.into_iter().filter(|record| !before.contains(record)).collect();
    let [copy] = copies.as_slice() else { panic!("one contact, one record: {copies:?}") };
    assert_eq!((&copy.key, &copy.headers, &copy.value), (&latest.key, &latest.headers, &latest.value));
    assert_eq!(copy.partition, latest.partition);
    assert_eq!(due_in(&test, "590 s", "601 s").await, 2);
    assert_eq!(due_in(&test, "59 min", "60 min").await, 1, "the one that was not due");
}

#[tokio::test]
async fn a_contact_with_an_event_that_waits_is_not_sent_ahead_of_it() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    connect(&api).await;
    let id = api.create(&ada()).await.expect(201).id();
    let other = api.create(&grace()).await.expect(201).id();
    let _relay = Relays::of(&test, &topic).work().await;
    outbox.settled().await;
    // What the relay does not claim for the moment, but does wait.
    test.execute("update relay_floors set floor = 1000 where source = 'contact_events'").await;
    change(&api, &id, 1..=1).await;
    link(&api, &id, "cn_one", "now() - interval '1 h'").await;
    link(&api, &other, "cn_one", "now()").await;
    let copied = || async { topic.records().await.len() == 3 };
    eventually("the other to come round", SOON, copied).await;
    outbox.asked(CLAIM).await;
    assert_eq!((due(&test).await, outbox.waiting().await), (1, 1), "it is still due");
    assert_eq!(topic.records().await.len(), 3);

    test.execute("update relay_floors set floor = 0 where source = 'contact_events'").await;
    let postponed = || async { due(&test).await == 0 };
    eventually("it to come round", SOON, postponed).await;
    assert_eq!(outbox.waiting().await, 0);
    assert_eq!(topic.records().await.len(), 5, "its event, and a copy");
    outbox.assert_published(&topic).await;
}

#[tokio::test]
async fn a_parked_event_is_passed_over_for_the_one_before() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    connect(&api).await;
    let id = api.create(&ada()).await.expect(201).id();
    let _relay = Relays::of(&test, &topic).work().await;
    outbox.settled().await;
    test.execute("update relay_floors set floor = 1000 where source = 'contact_events'").await;
    change(&api, &id, 1..=1).await;
    test.execute("update contact_events set dead_at = now(), failure = 'too large' where version = 2").await;
    link(&api, &id, "cn_one", "now()").await;
    let copied = || async { topic.records().await.len() == 2 };
    eventually("it to come round", SOON, copied).await;
    assert!(topic.records().await.iter().all(|record| record.value["version"] == 1));
}

#[tokio::test]
async fn a_contact_without_an_event_holds_nobody_up() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    connect(&api).await;
    let id = api.create(&ada()).await.expect(201).id();
    let other = api.create(&grace()).await.expect(201).id();
    let relays = Relays::of(&test, &topic);
    let first = relays.work().await;
    outbox.settled().await;
    first.function.kill().await;
    test.execute(&format!("delete from contact_events where contact_id = '{id}'")).await;
    link(&api, &id, "cn_one", "now() - interval '1 h'").await;
    link(&api, &other, "cn_one", "now()").await;
    let relay = relays.setting("CROSSWALK_SHIFT_SECONDS", "3").start().await;
    let report = relay.shift().await.unwrap();
    assert_eq!(report["sentRound"], 1, "{report}");
    assert_eq!(due_in(&test, "590 s", "601 s").await, 2, "both wait");
    let log = relay.function.log();
    assert_eq!(log.matches("no event left to send round").count(), 1, "{log}");
}

#[tokio::test]
async fn a_link_that_was_made_due_anew_meanwhile_stays_due() {
    let proxy = kafka::proxy().await;
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    connect(&api).await;
    let id = api.create(&ada()).await.expect(201).id();
    // One connection, on which the claim was prepared before: that would look as if it had been answered.
    let relays = Relays::of(&test, &topic).setting("CROSSWALK_LEASE_MS", "60000");
    let _relay = relays.behind_the_kafka_proxy().work().await;
    outbox.settled().await;
    outbox.asked(CLAIM).await;
    outbox.asked(CLAIM).await;

    proxy.stall().await;
    link(&api, &id, "cn_one", "now() - interval '1 h'").await;
    outbox.held_up(CLAIM).await;
    test.execute("update links set retry_at = now()").await;
    proxy.pass().await;
    eventually("it to wait in the end", SOON, || async { due(&test).await == 0 }).await;
    assert_eq!(topic.records().await.len(), 3, "the event, and a copy for each time it was due");
}

#[tokio::test]
async fn without_the_lease_no_link_is_postponed() {
    let proxy = kafka::proxy().await;
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    connect(&api).await;
    let id = api.create(&ada()).await.expect(201).id();
    let relay = held_by_kafka(&test, &topic).start().await;
    let shift = relay.shift();
    outbox.settled().await;

    proxy.stall().await;
    link(&api, &id, "cn_one", "now()").await;
    outbox.held_up(CLAIM).await;
    outbox.seize_lease().await;
    proxy.pass().await;
    let report = shift.await.unwrap();
    assert_eq!((&report["sentRound"], due(&test).await), (&json!(0), 1), "{report}");
    assert_eq!(topic.records().await.len(), 2, "the copy did arrive");
}

/// Relays that wait for Kafka's answer as long as a test takes, and ask PostgreSQL nothing meanwhile.
fn held_by_kafka(test: &TestApp, topic: &Topic) -> Relays {
    let relays = Relays::of(test, topic).setting("CROSSWALK_LEASE_MS", "300000");
    relays.behind_the_kafka_proxy()
}

async fn connect(api: &Api<'_>) {
    for connection in ["cn_one", "cn_two"] {
        Remote::connect(api, connection).await;
    }
}

/// Ties the contact to a record that could not be written, and is to be at this time.
async fn link(api: &Api<'_>, contact: &str, connection: &str, retry_at: &str) {
    let tenant = &api.client.tenant;
    let sql = format!(
        "insert into links (tenant_id, contact_id, connection_id, remote_id, state, attempts, failure, retry_at) \
         values ('{tenant}', '{contact}', '{connection}', '{contact}', 'failing', 1, 'no answer', {retry_at})"
    );
    api.test.execute(&sql).await;
}

async fn due(test: &TestApp) -> i64 {
    test.count("links where retry_at <= now()").await
}

/// How many links are due between so much and so much from now.
async fn due_in(test: &TestApp, from: &str, to: &str) -> i64 {
    test.count(&format!("links where retry_at between now() + interval '{from}' and now() + interval '{to}'")).await
}
