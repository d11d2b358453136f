//! What the relay publishes when nothing goes wrong, what it does with events that no broker takes, and what it tells the
//! cache.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use support::app::{TestApp, ada, grace};
use support::kafka::{Record, Topic};
use support::outbox::Versions;
use support::relay::Relays;
use support::wait::eventually;

use crate::load::change;

const SOON: Duration = Duration::from_secs(10);

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn an_event_is_a_whole_cloud_event() {
    let test = TestApp::start().await;
    let (api, topic) = (test.api().await, Topic::create().await);
    let created = api.create(&ada()).await.expect(201);
    let id = created.id();
    let ask = api.ask("PATCH", &format!("/contacts/{id}")).header("if-match", "\"1\"").header("traceparent", TRACE);
    let patched = ask.json(&json!({"title": null, "notes": "Ünïcödé \u{1f9ee}"})).send().await.expect(200);

    let _relay = Relays::of(&test, &topic).work().await;
    test.outbox().settled().await;
    let records = topic.records().await;
    let [first, second] = records.as_slice() else { panic!("two events, two records: {records:?}") };
    assert_eq!(first.value["before"], Value::Null);
    assert_eq!(first.value["after"], created.json());
    assert_eq!((&second.value["before"], &second.value["after"]), (&created.json(), &patched.json()));
    assert_eq!(second.value["changedFields"], json!(["notes", "title"]));
    assert_eq!(second.value["version"], 2);
    assert_eq!(second.value["origin"], json!({"kind": "api", "client": api.client.id}));
    assert_headers(&test, first, 1, "contact.created", None).await;
    assert_headers(&test, second, 2, "contact.updated", Some(TRACE)).await;
    assert_eq!(first.partition, second.partition);
}

#[tokio::test]
async fn each_event_is_published_once_and_in_the_order_of_its_contact() {
    let test = TestApp::start().await;
    let (api, topic) = (test.api().await, Topic::create().await);
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(api.create(&ada()).await.expect(201).id());
    }
    // Part of it waits when the relay begins, and part comes while it works; one claim is never enough.
    let relay = Relays::of(&test, &topic).setting("CROSSWALK_BATCH_ROWS", "7").work().await;
    for version in 1..=4 {
        for id in &ids {
            api.patch(id, version, &json!({"notes": format!("{version}")})).await.expect(200);
        }
    }
    test.outbox().settled().await;
    let records = topic.records().await;
    assert_eq!(records.len(), 50);
    let names: BTreeSet<_> = records.iter().map(|record| &record.headers["ce_id"]).collect();
    assert_eq!(names.len(), 50, "nothing went wrong, so nothing was published twice");
    let partitions: BTreeSet<_> = records.iter().map(|record| record.partition).collect();
    assert!(partitions.len() > 1, "the contacts are on several partitions");
    test.outbox().assert_published(&topic).await;
    assert!(!relay.said("WARN"), "{}", relay.function.log());
}

#[tokio::test]
async fn an_event_that_the_topic_does_not_take_is_parked_and_the_rest_goes_on() {
    let test = TestApp::start().await;
    let (api, topic) = (test.api().await, Topic::create_with(&[("max.message.bytes", "4000")]).await);
    let id = api.create(&ada()).await.expect(201).id();
    let other = api.create(&grace()).await.expect(201).id();
    api.patch(&id, 1, &json!({"notes": "n".repeat(2000), "customFields": {"long": "l".repeat(1500)}}))
        .await
        .expect(200);
    api.patch(&id, 2, &json!({"notes": null, "customFields": {"long": null}})).await.expect(200);
    api.patch(&id, 3, &json!({"title": "Lady"})).await.expect(200);
    api.patch(&other, 1, &json!({"title": "Admiral"})).await.expect(200);

    let _relay = Relays::of(&test, &topic).work().await;
    test.outbox().settled().await;
    assert_eq!(parked(&test).await, [2, 3], "the one with the long notes after it, the one with them before it");
    test.outbox().assert_published(&topic).await;
    let left = Versions::from([(id, vec![1, 4]), (other, vec![1, 2])]);
    assert_eq!(test.outbox().versions().await, left);
}

#[tokio::test]
async fn an_event_that_no_broker_takes_is_parked_and_the_rest_goes_on() {
    let test = TestApp::start().await;
    let (api, topic) = (test.api().await, Topic::create().await);
    let id = api.create(&ada()).await.expect(201).id();
    change(&api, &id, 1..=3).await;
    // No contact becomes so large by our hand; a later version's rules might let it.
    let enlarge =
        "update contact_events set after = jsonb_build_object('notes', repeat('n', 3000000)) where version = 2";
    test.sql.batch_execute(enlarge).await.unwrap();

    let relay = Relays::of(&test, &topic).setting("CROSSWALK_SHIFT_SECONDS", "3").start().await;
    let report = relay.shift().await.unwrap();
    assert_eq!((&report["published"], &report["parked"]), (&json!(3), &json!(1)), "{report}");
    assert_eq!(parked(&test).await, [2]);
    let told = || async { relay.function.metric("relay-outbox", "EventsParked") == Some(1.0) };
    eventually("what was parked to be told", SOON, told).await;
    assert_eq!(test.outbox().versions().await, Versions::from([(id, vec![1, 3, 4])]));
    test.outbox().assert_published(&topic).await;
}

#[tokio::test]
async fn what_is_published_is_looked_up_again() {
    let test = TestApp::start().await;
    let (api, topic) = (test.api().await, Topic::create().await);
    let id = api.create(&ada()).await.expect(201).id();
    assert_eq!(api.get(&id).await.expect(200).header("x-cache"), "hit");
    // A change whose writer could not reach Redis.
    test.sql.batch_execute("update contacts set title = 'Lady', version = 2").await.unwrap();
    let event = "insert into contact_events (ce_id, tenant_id, contact_id, version, type, origin, after, changed_fields, \
                 occurred_at) select gen_random_uuid(), tenant_id, id, 2, 'updated', '{}', '{}', '{}', now() from contacts";
    test.sql.batch_execute(event).await.unwrap();
    assert_eq!(api.get(&id).await.expect(200).header("etag"), "\"1\"", "the cache has not heard of it");

    let _relay = Relays::of(&test, &topic).work().await;
    let fresh = || async { api.get(&id).await.header("etag") == "\"2\"" };
    eventually("the cache to hear of it", SOON, fresh).await;
    assert_eq!(api.get(&id).await.expect(200).header("x-cache"), "hit");
}

async fn assert_headers(test: &TestApp, record: &Record, version: i32, kind: &str, trace: Option<&str>) {
    let sql = "select ce_id::text, contact_id::text, tenant_id, \
               to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') from contact_events where version = $1";
    let row = test.sql.query_one(sql, &[&version]).await.unwrap();
    let column = |index| row.get::<_, String>(index);
    let header = |name: &str| record.headers.get(name).map(String::as_str);
    assert_eq!(record.key, Some(column(1)));
    assert_eq!(header("ce_specversion"), Some("1.0"));
    assert_eq!(header("ce_id"), Some(column(0).as_str()));
    assert_eq!(header("ce_type"), Some(kind));
    assert_eq!(header("ce_source"), Some("urn:crosswalk:contacts"));
    assert_eq!(header("ce_subject"), Some(column(1).as_str()));
    assert_eq!(header("ce_tenantid"), Some(column(2).as_str()));
    assert_eq!(header("content-type"), Some("application/json"));
    assert_eq!(header("traceparent"), trace);
    // A fraction's last zeros may be left out (RFC 3339).
    let time = header("ce_time").and_then(|time| time.strip_suffix('Z')).unwrap_or_default();
    assert_eq!(time, column(3).trim_end_matches('0').trim_end_matches('.'));
}

/// The versions of what was parked, each with a reason.
async fn parked(test: &TestApp) -> Vec<i32> {
    let sql = "select version, failure from contact_events where dead_at is not null order by id";
    let rows = test.sql.query(sql, &[]).await.unwrap();
    for row in &rows {
        let failure: &str = row.get(1);
        assert!(failure.contains("bytes") && failure.contains("too large"), "{failure}");
    }
    rows.iter().map(|row| row.get(0)).collect()
}
