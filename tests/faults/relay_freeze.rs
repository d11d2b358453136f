//! The relay is frozen while it has the lease, as Lambda freezes a function, and thawed after another has taken over: it marks
//! nothing any more, and of no contact is a later event first published before an earlier one.

use std::time::Duration;

use serde_json::json;
use support::app::{Setup, TestApp, ada};
use support::kafka::{self, Topic};
use support::relay::Relays;
use support::wait::eventually;

use crate::load::{change, while_writing};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn frozen_while_records_are_on_their_way_it_publishes_none_out_of_order() {
    let proxy = kafka::proxy().await;
    let (test, topic) = (TestApp::start().await, Topic::create().await);
    let (api, outbox) = (test.api().await, test.outbox());
    let frozen = Relays::of(&test, &topic).behind_the_kafka_proxy().start().await;
    let shift = frozen.shift();
    let id = api.create(&ada()).await.expect(201).id();
    outbox.settled().await;
    let holder = outbox.holder_after(None).await;

    proxy.stall().await;
    change(&api, &id, 1..=5).await;
    outbox.claimed().await;
    frozen.function.freeze().await;
    let _next = Relays::of(&test, &topic).work().await;
    outbox.holder_after(Some(holder)).await;
    outbox.settled().await;

    proxy.pass().await;
    frozen.function.thaw();
    change(&api, &id, 6..=10).await;
    shift.await.unwrap();
    outbox.settled().await;
    outbox.assert_published(&topic).await;
}

#[tokio::test]
async fn frozen_before_its_mark_it_marks_nothing() {
    let proxy = kafka::proxy().await;
    let (test, topic) = (TestApp::start().await, Topic::create().await);
    let (api, outbox) = (test.api().await, test.outbox());
    // By its own clock the lease is long: it is the mark's statement that must notice.
    let relays = Relays::of(&test, &topic).setting("CROSSWALK_LEASE_MS", "60000");
    let relay = relays.behind_the_kafka_proxy().start().await;
    let shift = relay.shift();
    let id = api.create(&ada()).await.expect(201).id();
    outbox.settled().await;

    proxy.stall().await;
    change(&api, &id, 1..=1).await;
    outbox.claimed().await;
    relay.function.freeze().await;
    outbox.seize_lease().await;
    // The acknowledgement is there when it wakes, and the lease is not.
    proxy.pass().await;
    relay.function.thaw();
    let report = shift.await.unwrap();
    assert_eq!((&report["published"], outbox.waiting().await), (&json!(1), 1), "the first event alone: {report}");
    assert_eq!(topic.records().await.len(), 2, "the second one did arrive");
}

/// A moment to be frozen at: a statement of the relay waits for these locks of the test.
#[derive(Debug, Clone, Copy)]
enum Moment {
    Claim,
    Mark,
    Renewal,
}

#[tokio::test]
async fn frozen_while_it_claims() {
    frozen_at(Moment::Claim).await;
}

#[tokio::test]
async fn frozen_while_it_marks() {
    frozen_at(Moment::Mark).await;
}

#[tokio::test]
async fn frozen_while_it_renews_the_lease() {
    frozen_at(Moment::Renewal).await;
}

async fn frozen_at(moment: Moment) {
    let (test, topic) = (TestApp::start().await, Topic::create().await);
    let (api, outbox) = (test.api().await, test.outbox());
    let id = api.create(&ada()).await.expect(201).id();
    change(&api, &id, 1..=3).await;
    let relays = Relays::of(&test, &topic);
    let frozen = relays.start().await;
    let blocker = test.database.connect().await;
    let block = async |locks: &str| blocker.batch_execute(&format!("begin; {locks}")).await.unwrap();
    if let Moment::Mark = moment {
        block("select from contact_events for update").await;
    }
    let shift = frozen.shift();
    let holder = outbox.holder_after(None).await;
    match moment {
        Moment::Mark => {}
        Moment::Claim => block("lock table contact_events in access exclusive mode").await,
        Moment::Renewal => block("select from relay_leases for update").await,
    }
    test.waits_for_a_lock().await;
    frozen.function.freeze().await;
    blocker.batch_execute("rollback").await.unwrap();

    let _next = relays.work().await;
    outbox.holder_after(Some(holder)).await;
    change(&api, &id, 4..=6).await;
    outbox.settled().await;
    frozen.function.thaw();
    change(&api, &id, 7..=10).await;
    let report = shift.await.unwrap();
    assert_eq!(report["leases"], 1, "another has the lease, so the shift is over: {report}");
    outbox.settled().await;
    outbox.assert_published(&topic).await;
}

#[tokio::test]
async fn frozen_at_any_moment_under_load() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000").start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    let relays = Relays::of(&test, &topic).setting("CROSSWALK_LEASE_MS", "1000").setting("CROSSWALK_BATCH_ROWS", "20");
    let freeze = async {
        // There are always two that are awake: one works, one waits.
        let mut victim = relays.work().await;
        for _ in 0..6 {
            let before = outbox.published().await;
            eventually("some more to be published", SOON, || async { outbox.published().await >= before + 15 }).await;
            let holder = outbox.holder_after(None).await;
            victim.function.freeze().await;
            let next = relays.work().await;
            outbox.holder_after(Some(holder)).await;
            victim.function.thaw();
            victim = next;
        }
    };
    while_writing(&api, 5, freeze).await;
    let _last = relays.work().await;
    outbox.settled().await;
    outbox.assert_published(&topic).await;
}
