//! Kafka is away: the API does not notice, and what waits is published in order when it is back.

use std::time::Duration;

use futures::future::join_all;
use support::app::{Api, TestApp, ada};
use support::kafka::{self, Topic};
use support::relay::{Relay, Relays};
use support::wait::eventually;

use crate::load::change;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn without_kafka_events_wait_and_then_come_in_order() {
    let proxy = kafka::proxy().await;
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    proxy.cut().await;
    let relay = Relays::of(&test, &topic).behind_the_kafka_proxy().work().await;
    let ids = contacts(&api, 3).await;
    waits(&relay).await;
    join_all(ids.iter().map(|id| change(&api, id, 1..=5))).await;
    assert_eq!((outbox.published().await, outbox.waiting().await), (0, 18), "nothing is lost, and nothing parked");

    proxy.pass().await;
    outbox.settled().await;
    outbox.assert_published(&topic).await;
}

#[tokio::test]
async fn a_kafka_that_hangs_or_breaks_in_the_middle_loses_nothing() {
    let proxy = kafka::proxy().await;
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    let relay = Relays::of(&test, &topic).behind_the_kafka_proxy().work().await;
    let ids = contacts(&api, 3).await;
    outbox.settled().await;

    proxy.stall().await;
    join_all(ids.iter().map(|id| change(&api, id, 1..=5))).await;
    waits(&relay).await;
    assert_eq!(outbox.waiting().await, 15);
    proxy.pass().await;
    outbox.settled().await;

    // Connections break again and again while there is work.
    for round in 0..10 {
        join_all(ids.iter().map(|id| change(&api, id, 6 + round..=6 + round))).await;
        proxy.reset_once().await;
    }
    outbox.settled().await;
    outbox.assert_published(&topic).await;
}

async fn contacts(api: &Api<'_>, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(api.create(&ada()).await.expect(201).id());
    }
    ids
}

/// Waits until the relay has tried in vain.
async fn waits(relay: &Relay) {
    eventually("the relay to try in vain", SOON, || async { relay.said("rows wait; trying again") }).await;
}
