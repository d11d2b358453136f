//! The relay is killed: what it had published and not yet marked is published again, and nothing is lost.

use std::time::Duration;

use serde_json::json;
use support::app::{Setup, TestApp, ada};
use support::kafka::Topic;
use support::relay::Relays;
use support::wait::eventually;

use crate::load::while_writing;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn killed_between_the_acknowledgement_and_the_mark_it_publishes_again() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    let id = api.create(&ada()).await.expect(201).id();
    api.patch(&id, 1, &json!({"title": "Lady"})).await.expect(200);
    let blocker = test.database.connect().await;
    blocker.batch_execute("begin; select from contact_events for update").await.unwrap();
    let relays = Relays::of(&test, &topic);
    let relay = relays.work().await;
    let all_there = || async { topic.records().await.len() >= 2 };
    eventually("both records", SOON, all_there).await;

    relay.function.kill().await;
    // Or the server would go on with a mark that waits for the lock.
    test.close_connections().await;
    blocker.batch_execute("rollback").await.unwrap();
    assert_eq!((outbox.published().await, outbox.waiting().await), (0, 2));
    let before = topic.records().await.len();

    let _next = relays.work().await;
    outbox.settled().await;
    assert_eq!(topic.records().await.len(), before + 2, "both came once more");
    outbox.assert_published(&topic).await;
}

#[tokio::test]
async fn killed_at_any_moment_it_loses_nothing() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000").start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    let relays = Relays::of(&test, &topic).setting("CROSSWALK_LEASE_MS", "1000").setting("CROSSWALK_BATCH_ROWS", "5");
    let kill = async {
        for _ in 0..6 {
            let before = outbox.published().await;
            let relay = relays.work().await;
            // Wherever in a round it is then: the moments differ from run to run, what must hold does not.
            eventually("some more to be published", SOON, || async { outbox.published().await >= before + 8 }).await;
            relay.function.kill().await;
        }
    };
    while_writing(&api, 4, kill).await;
    let _last = relays.work().await;
    outbox.settled().await;
    outbox.assert_published(&topic).await;
}
