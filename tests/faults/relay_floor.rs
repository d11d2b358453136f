//! The floor, below which the relay does not look any more, never rises past an event that waits or can still appear.

use std::time::Duration;

use serde_json::json;
use support::app::{TestApp, ada, grace};
use support::kafka::Topic;
use support::relay::Relays;
use support::wait::eventually;

/// Transactions of other tests, on the same server, hold the floor back as well.
const IN_THE_END: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_writer_slower_than_the_floors_age_is_not_overtaken() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    let slow_contact = api.create(&ada()).await.expect(201).id();
    let other = api.create(&grace()).await.expect(201).id();
    let _relay = Relays::of(&test, &topic).setting("CROSSWALK_FLOOR_SECONDS", "1").work().await;
    outbox.settled().await;

    let mut writer = test.database.connect().await;
    let transaction = writer.transaction().await.unwrap();
    let sql = "with changed as (update contacts set title = 'Lady', version = 2 where id = $1::text::uuid returning *) \
               insert into contact_events (ce_id, tenant_id, contact_id, version, type, origin, after, changed_fields, \
               occurred_at) select gen_random_uuid(), tenant_id, id, 2, 'updated', '{}', '{}', '{}', now() from changed \
               returning id";
    let drawn: i64 = transaction.query_one(sql, &[&slow_contact]).await.unwrap().get(0);
    api.patch(&other, 1, &json!({"title": "Admiral"})).await.expect(200);
    outbox.settled().await;
    stands_below(&test, drawn).await;

    transaction.commit().await.unwrap();
    outbox.settled().await;
    outbox.assert_published(&topic).await;
    reaches(&test, drawn).await;
    api.patch(&other, 2, &json!({"title": "Rear Admiral"})).await.expect(200);
    outbox.settled().await;
}

#[tokio::test]
async fn an_event_that_waits_holds_the_floor_below_it() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    let id = api.create(&ada()).await.expect(201).id();
    let relays = Relays::of(&test, &topic).setting("CROSSWALK_FLOOR_SECONDS", "1");
    // Nobody listens there.
    let astray = relays.clone().setting("CROSSWALK_KAFKA_BROKERS", "127.0.0.1:1").work().await;
    // Nobody's transaction holds it back, only the event. A look begins each round there, so the second is a whole one.
    let held = old("candidate >= 1 and candidate_xid <= pg_snapshot_xmin(pg_current_snapshot())");
    eventually("a candidate whose time has come", IN_THE_END, || floor_is(&test, &held)).await;
    outbox.claimed().await;
    outbox.claimed().await;
    assert!(floor_is(&test, "floor < 1").await);
    astray.function.kill().await;

    let _relay = relays.work().await;
    outbox.settled().await;
    outbox.assert_published(&topic).await;
    api.patch(&id, 1, &json!({"title": "Lady"})).await.expect(200);
    reaches(&test, 2).await;
}

/// Waits until the floor could have passed this id, by its age three times over, and did not.
async fn stands_below(test: &TestApp, id: i64) {
    let held = old(&format!("floor < {id} and candidate >= {id}"));
    eventually("a candidate that is held back", IN_THE_END, || floor_is(test, &held)).await;
}

async fn reaches(test: &TestApp, id: i64) {
    let reached = format!("floor >= {id}");
    eventually("the floor to rise", IN_THE_END, || floor_is(test, &reached)).await;
}

/// The condition, for a candidate that is three times as old as it need be.
fn old(condition: &str) -> String {
    format!("{condition} and candidate_at < clock_timestamp() - interval '3 s'")
}

async fn floor_is(test: &TestApp, condition: &str) -> bool {
    let sql = format!("select ({condition}) is true from relay_floors where source = 'contact_events'");
    test.sql.query_one(&sql, &[]).await.unwrap().get(0)
}
