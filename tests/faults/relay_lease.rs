//! One shift works at a time, and the next is never far.

use std::time::Duration;

use serde_json::json;
use support::app::{TestApp, ada};
use support::kafka::Topic;
use support::relay::Relays;
use tokio::time::Instant;

use crate::load::change;

#[tokio::test]
async fn of_two_shifts_the_second_waits_and_takes_over_in_a_moment() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    // A lease that nobody could wait out here: the second only ever gets it because the first gives it back.
    let relays = Relays::of(&test, &topic).setting("CROSSWALK_LEASE_MS", "60000");
    let first = relays.clone().setting("CROSSWALK_SHIFT_SECONDS", "4").start().await;
    let shift = first.shift();
    let holder = outbox.holder_after(None).await;
    let second = relays.work().await;
    let id = api.create(&ada()).await.expect(201).id();
    outbox.settled().await;
    assert_eq!(outbox.holder().await, Some(holder), "the first one did it");

    let report = shift.await.unwrap();
    let ended = Instant::now();
    outbox.holder_after(Some(holder)).await;
    assert!(ended.elapsed() < Duration::from_secs(2), "{:?}", ended.elapsed());
    assert_eq!((&report["published"], &report["leases"]), (&json!(1), &json!(1)), "{report}");
    api.patch(&id, 1, &json!({"title": "Lady"})).await.expect(200);
    outbox.settled().await;
    assert!(second.said("shift began"));
    assert_eq!(topic.records().await.len(), 2, "nothing was published twice");
    outbox.assert_published(&topic).await;
}

#[tokio::test]
async fn shifts_that_follow_each_other_lose_and_repeat_nothing() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    let id = api.create(&ada()).await.expect(201).id();
    let relays =
        Relays::of(&test, &topic).setting("CROSSWALK_SHIFT_SECONDS", "2").setting("CROSSWALK_LEASE_MS", "60000");
    let (one, other) = (relays.start().await, relays.start().await);

    let shifts = async {
        let mut published = 0;
        for _ in 0..2 {
            let reports = tokio::join!(one.shift(), other.shift());
            published +=
                [reports.0, reports.1].into_iter().map(|it| it.unwrap()["published"].as_u64().unwrap()).sum::<u64>();
        }
        published
    };
    let (published, ()) = tokio::join!(shifts, change(&api, &id, 1..=100));
    outbox.settled().await;
    assert_eq!(published, 101);
    assert_eq!(topic.records().await.len(), 101);
    outbox.assert_published(&topic).await;
}

#[tokio::test]
async fn the_lease_is_given_back_however_a_shift_ends() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    api.create(&ada()).await.expect(201);
    let relays = Relays::of(&test, &topic).setting("CROSSWALK_LEASE_MS", "60000");
    let relay = relays.setting("CROSSWALK_SHIFT_SECONDS", "2").start().await;
    relay.shift().await.unwrap();
    assert_eq!(outbox.holder().await, None, "at its end");

    test.sql.batch_execute("alter table contact_events rename column traceparent to trace").await.unwrap();
    relay.shift().await.unwrap_err();
    assert_eq!(outbox.holder().await, None, "after a failure");
    test.sql.batch_execute("alter table contact_events rename column trace to traceparent").await.unwrap();
    relay.shift().await.unwrap();
    outbox.assert_published(&topic).await;
}

#[tokio::test]
async fn the_lease_of_one_that_was_killed_runs_out() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    let relays = Relays::of(&test, &topic);
    let first = relays.work().await;
    let holder = outbox.holder_after(None).await;
    let second = relays.work().await;
    first.function.kill().await;
    api.create(&ada()).await.expect(201);
    outbox.holder_after(Some(holder)).await;
    outbox.settled().await;
    assert!(second.said("shift began"));
    outbox.assert_published(&topic).await;
}

#[tokio::test]
async fn a_shift_that_never_gets_the_lease_ends_in_time_and_says_so() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    api.create(&ada()).await.expect(201);
    outbox.take_lease().await;
    let relay = Relays::of(&test, &topic).setting("CROSSWALK_SHIFT_SECONDS", "1").start().await;
    let report = relay.shift().await.unwrap();
    assert_eq!((&report["leases"], &report["published"]), (&json!(0), &json!(0)), "{report}");
    assert_eq!(outbox.waiting().await, 1);
    assert!(topic.records().await.is_empty());
}

#[tokio::test]
async fn long_statement_does_not_delay_the_renewal_of_the_lease() {
    let test = TestApp::start().await;
    let (topic, outbox) = (Topic::create().await, test.outbox());
    let (role, database) = (test.database.credentials().username, test.database.name());
    // The relay's statement waits for a lock for longer than the lease of 2 s lasts.
    test.execute(&format!("alter role {role} in database {database} set lock_timeout = '20s'")).await;
    let relay = Relays::of(&test, &topic).setting("CROSSWALK_SHIFT_SECONDS", "6").start().await;
    let shift = relay.shift();
    let holder = outbox.holder_after(None).await;
    let blocker = test.database.connect().await;
    blocker.batch_execute("begin; lock table contact_events").await.unwrap();
    test.waits_for_a_lock().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(outbox.holder().await, Some(holder));
    blocker.batch_execute("commit").await.unwrap();
    let report = shift.await.unwrap();
    assert_eq!(report["leases"], 1, "{report}");
    assert!(!relay.said("the lease is lost"));
}
