//! Batches with every kind of faulty record: what can be read is done, the rest is parked, and the partition goes on.

use crosswalk::events::KafkaRecord;
use serde_json::{Value, json};
use support::account::{Account, TOPIC};
use support::app::{TestApp, ada};
use support::msk;
use support::remote::record;
use uuid::Uuid;

const CONTACTS: &str = "crosswalk.contacts";

/// What was parked: places in the partition, and why.
async fn parked(test: &TestApp) -> Vec<(i64, String)> {
    let sql = "select topic, partition, \"offset\", record, reason from parked_records order by \"offset\"";
    let row = |row: &tokio_postgres::Row| {
        let kept: String = row.get(3);
        serde_json::from_str::<Value>(&kept).unwrap();
        assert!([TOPIC, CONTACTS].contains(&row.get::<_, &str>(0)) && row.get::<_, i32>(1) == 0, "{kept}");
        (row.get(2), row.get(4))
    };
    test.sql.query(sql, &[]).await.unwrap().iter().map(row).collect()
}

/// The same record with another member.
fn with(record: &Value, name: &str, value: Value) -> Value {
    let mut record = record.clone();
    record[name] = value;
    record
}

/// The same record without a member.
fn without(record: &Value, name: &str) -> Value {
    let mut record = record.clone();
    record.as_object_mut().unwrap().remove(name);
    record
}

/// Records whose value is not base64, no JSON, no object that names anything, null, absent.
fn faulty_values(good: &Value) -> Vec<(Value, &'static str)> {
    let value = |bytes: &[u8]| msk::record("key", bytes, &[]);
    vec![
        (with(good, "value", json!("%%%")), "its value is not base64"),
        (with(good, "value", json!("e30")), "its value is not base64"),
        (value(b"not JSON"), "its value is not JSON"),
        (value(b"\xff\xfe"), "its value is not JSON"),
        (value(b""), "its value is not JSON"),
        (value(&vec![b'x'; 1024 * 1024]), "its value is not JSON"),
        (value(b"[]"), "its value names no webhook"),
        (value(b"{\"type\": \"unknown\"}"), "its value names no webhook"),
        (value(b"{\"id\": \"a\\u0000b\"}"), "its value names no webhook"),
        (value(b"{\"id\": 7}"), "its value names no webhook"),
        (with(good, "value", Value::Null), "it has no value"),
        (with(good, "value", json!({"id": "x"})), "it has no value"),
        (without(good, "value"), "it has no value"),
        (with(&value(b"\0"), "note", json!("a\0b")), "its value is not JSON"),
    ]
}

#[tokio::test]
async fn of_webhooks_the_good_are_worked_and_the_unreadable_parked_once() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let good = async |n: usize| {
        let (event_id, data) = (format!("evt_{n}"), record(&n.to_string()));
        msk::of_webhook(&account.tell("contact.created", &event_id, &data).await)
    };
    // Odd, and no hindrance: what wakes us up is the value alone.
    let odd = [
        with(&good(1).await, "key", Value::Null),
        with(&good(2).await, "headers", json!([{"ce_id": [-56, -1, 104]}, {"x": ["y"]}, {"z": null}, 7])),
        without(&good(3).await, "headers"),
        with(&good(4).await, "key", json!("%%%")),
        with(&good(5).await, "timestamp", json!(-1)),
        msk::of_webhook(&Uuid::now_v7().to_string()),
    ];
    let faulty = faulty_values(&good(6).await);
    let mut records: Vec<_> = odd.into_iter().collect();
    records.extend(faulty.iter().map(|(record, _)| record.clone()));
    records.push(good(7).await);
    for _ in 0..2 {
        let reply = consume_webhook_events::handle(&test.app, msk::event(TOPIC, &records)).await.unwrap();
        assert_eq!(reply, json!({"batchItemFailures": []}));
        let expected: Vec<_> = (6..).zip(&faulty).map(|(offset, (_, reason))| (offset, (*reason).to_owned())).collect();
        assert_eq!(parked(&test).await, expected);
        assert_eq!(test.count("webhook_events where state = 'processed'").await, 6);
        assert_eq!((test.count("contacts").await, test.count("contact_events").await), (6, 6));
    }
    assert_eq!(account.outcome("evt_6").await.0, "received", "only broken records named it");
}

#[tokio::test]
async fn of_contacts_the_good_are_looked_at_and_the_unreadable_parked_once() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    let good = msk::of_contact(&api.client.tenant, &id);
    let key = |bytes: &[u8]| {
        let encoded = msk::record("", bytes, &[])["value"].clone();
        with(&good, "key", encoded)
    };
    let headers = |headers: Value| with(&good, "headers", headers);
    let faulty = [
        (with(&good, "key", Value::Null), "it has no key"),
        (without(&good, "key"), "it has no key"),
        (with(&good, "key", json!("%%%")), "its key is not base64"),
        (key(b"\xff\xfe"), "its key is not text"),
        (key(b"a\0b"), "its key is no contact's id"),
        (key(b""), "its key is no contact's id"),
        (key(b"nobody"), "its key is no contact's id"),
        (without(&good, "headers"), "it has no header ce_tenantid"),
        (headers(Value::Null), "it has no header ce_tenantid"),
        (headers(json!([])), "it has no header ce_tenantid"),
        (headers(json!([{"ce_id": [1]}])), "it has no header ce_tenantid"),
        (headers(json!([{"ce_tenantid": [-56, -1]}])), "it has no header ce_tenantid"),
        (headers(json!([{"ce_tenantid": [200]}])), "it has no header ce_tenantid"),
        (headers(json!([{"ce_tenantid": ["t"]}])), "it has no header ce_tenantid"),
        (headers(json!([{"ce_tenantid": null}])), "it has no header ce_tenantid"),
        (headers(json!([{"ce_tenantid": [116, 0]}])), "its header ce_tenantid is no tenant's id"),
        (with(&key(b"\0"), "value", json!("x".repeat(1024 * 1024))), "its key is no contact's id"),
    ];
    // What is in the value doesn't matter.
    let mut records = vec![good.clone(), with(&good, "value", json!("%%%")), without(&good, "value")];
    records.extend(faulty.iter().map(|(record, _)| record.clone()));
    records.push(msk::of_contact("tn_nobody", &id));
    records.push(msk::of_contact(&api.client.tenant, &Uuid::now_v7().to_string()));
    let consumer = consume_contact_events::Consumer::new(&test.app.config.crms).unwrap();
    for _ in 0..2 {
        let reply = consumer.consume(&test.app, msk::event(CONTACTS, &records)).await.unwrap();
        assert_eq!(reply, json!({"batchItemFailures": []}));
        let expected: Vec<_> = (3..).zip(&faulty).map(|(offset, (_, reason))| (offset, (*reason).to_owned())).collect();
        assert_eq!(parked(&test).await, expected);
    }
}

#[tokio::test]
async fn what_is_no_record_at_all_is_parked_too() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let good = msk::of_webhook(&account.tell("contact.created", "evt_1", &record("1")).await);
    let event = msk::event(TOPIC, &[Value::Null, json!(7), json!("x"), json!([]), good]);
    let consumer = consume_contact_events::Consumer::new(&test.app.config.crms).unwrap();
    for _ in 0..2 {
        consume_webhook_events::handle(&test.app, event.clone()).await.unwrap();
        consumer.consume(&test.app, event.clone()).await.unwrap();
    }
    assert_eq!(account.outcome("evt_1").await.0, "processed");
    let texts = test
        .sql
        .query("select record from parked_records where reason = 'it has no value' order by id", &[])
        .await
        .unwrap();
    let texts: Vec<String> = texts.iter().map(|row| row.get(0)).collect();
    assert_eq!(texts, ["null", "7", "\"x\"", "[]"], "they have no place of their own, and are told apart all the same");
    assert_eq!(crosswalk::events::kafka::records(&event.payload)[0], nothing());
}

fn nothing() -> KafkaRecord<'static> {
    KafkaRecord { topic: TOPIC.to_owned(), partition: 0, offset: -1, raw: &Value::Null }
}
