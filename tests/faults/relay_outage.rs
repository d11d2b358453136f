//! PostgreSQL goes away during a shift, and the shift goes on when it is back.

use std::time::Duration;

use serde_json::json;
use support::app::{TestApp, ada};
use support::kafka::Topic;
use support::proxy::Proxy;
use support::relay::Relays;
use support::services;
use support::wait::eventually;

use crate::load::change;

const SOON: Duration = Duration::from_secs(20);

/// How PostgreSQL goes away.
#[derive(Debug, Clone, Copy)]
enum Outage {
    Cut,
    Hung,
    Crashing,
}

#[tokio::test]
async fn a_shift_outlives_a_postgresql_that_is_down() {
    outlives(Outage::Cut).await;
}

#[tokio::test]
async fn a_shift_outlives_a_postgresql_that_hangs() {
    outlives(Outage::Hung).await;
}

#[tokio::test]
async fn a_shift_outlives_a_postgresql_that_crashes_again_and_again() {
    outlives(Outage::Crashing).await;
}

async fn outlives(outage: Outage) {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    let (proxy, _) = Proxy::before(&services::database_url()).await;
    let relay = relays(&test, &topic, &proxy).await.start().await;
    let shift = tokio::spawn(relay.shift());
    let id = api.create(&ada()).await.expect(201).id();
    outbox.settled().await;

    match outage {
        Outage::Cut => proxy.cut().await,
        Outage::Hung => proxy.stall().await,
        Outage::Crashing => proxy.reset().await,
    }
    change(&api, &id, 1..=5).await;
    // Longer than the lease lasts.
    eventually("the lease to run out", SOON, || async { outbox.holder().await.is_none() }).await;
    assert_eq!(outbox.waiting().await, 5);

    proxy.pass().await;
    outbox.settled().await;
    outbox.assert_published(&topic).await;
    assert!(!shift.is_finished(), "it is the same shift");
}

#[tokio::test]
async fn what_could_not_be_marked_is_marked_when_postgresql_is_back() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    let (proxy, _) = Proxy::before(&services::database_url()).await;
    // A lease that outlasts the outage: nobody else may have published meanwhile, so the marks are still true.
    let relays = relays(&test, &topic, &proxy).await.setting("CROSSWALK_LEASE_MS", "60000");
    let _relay = relays.work().await;
    outbox.holder_after(None).await;
    let blocker = test.database.connect().await;
    api.create(&ada()).await.expect(201);
    blocker.batch_execute("begin; select from contact_events for update").await.unwrap();
    let arrived = || async { !topic.records().await.is_empty() };
    eventually("the record", SOON, arrived).await;
    proxy.cut().await;
    blocker.batch_execute("rollback").await.unwrap();
    proxy.pass().await;
    outbox.settled().await;
    assert_eq!(topic.records().await.len(), 1, "it was not published again");
}

/// Relays that reach PostgreSQL through the proxy, while the application itself does not.
async fn relays(test: &TestApp, topic: &Topic, proxy: &Proxy) -> Relays {
    let direct = test.database.credentials();
    let address = proxy.address();
    let secret = json!({
        "host": address.ip().to_string(),
        "port": address.port(),
        "dbname": direct.dbname,
        "username": direct.username,
        "password": direct.password,
    });
    test.secrets.put("database-by-proxy", &secret).await;
    let relays = Relays::of(test, topic).setting("CROSSWALK_DATABASE_CONNECT_MS", "1000");
    relays.setting("CROSSWALK_DATABASE_SECRET", &test.secrets.name("database-by-proxy"))
}
