//! A contact is deleted and restored while its deletion is on its way to the CRM: that comes back, and is older than the
//! restoring, whenever the CRM came to do it.

use std::time::Duration;

use acme_crm::Faults;
use jiff::Timestamp;
use serde_json::{Value, json};
use support::app::{Api, TestApp, ada};
use support::crm::Crm;
use support::two_way::TwoWay;
use support::wait::eventually;

const SOON: Duration = Duration::from_secs(30);

/// How long the CRM takes for anything, in milliseconds: long enough for us to do something meanwhile, and no time-out yet.
const SLOW: u64 = 1500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deletion_is_told_after_we_know_of_it() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    let (id, old) = delete_and_restore_while_it_is_written(&test, &api, &crm, &way).await;
    eventually("the deletion to be done", SOON, || async {
        let buried = test.count("remote_tombstones").await;
        (buried == 1).then_some(()).ok_or(buried)
    })
    .await;
    // It is told while we still look for the record.
    crm.faults(Faults { latency_ms: SLOW, ..Faults::default() });
    is_worked(&test).await;
    crm.faults(Faults::default());
    lives_as_another_record(&test, &api, &crm, &way, &id, &old).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_deletion_is_told_before_we_know_of_it() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    let (id, old) = delete_and_restore_while_it_is_written(&test, &api, &crm, &way).await;
    let webhook = json!({"event": "contact.deleted", "data": {"id": old, "deletedAt": Timestamp::now()}});
    assert_eq!(crm.send(&webhook).await["status"], 202);
    is_worked(&test).await;
    let events = test.events(&id).await;
    assert_eq!(events.last().map(|event| event["type"].clone()), Some(json!("restored")));
    way.links_in_sync().await;
    crm.faults(Faults::default());
    lives_as_another_record(&test, &api, &crm, &way, &id, &old).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_record_was_is_told_before_it_is_deleted() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    let (id, old) = delete_and_restore_while_it_is_written(&test, &api, &crm, &way).await;
    // It says what the contact says, and yet the two are not the same: the deletion is on its way.
    let sql = "select base from links where remote_id = $1";
    let record: Value = test.sql.query_one(sql, &[&old]).await.unwrap().get(0);
    assert_eq!(crm.send(&json!({"event": "contact.updated", "data": record})).await["status"], 202);
    eventually("the old news to be worked", SOON, || async {
        test.count("webhook_events where type = 'contact.updated' and state <> 'received'").await == 1
    })
    .await;
    crm.faults(Faults::default());
    lives_as_another_record(&test, &api, &crm, &way, &id, &old).await;
}

/// The contact and its record. The CRM is slow, so that the contact is restored before the record is deleted.
async fn delete_and_restore_while_it_is_written(
    test: &TestApp,
    api: &Api<'_>,
    crm: &Crm,
    way: &TwoWay<'_>,
) -> (String, String) {
    let id = api.create(&ada()).await.expect(201).id();
    way.at_rest(&[crm]).await;
    let [record] = crm.records_of(&id).await.try_into().unwrap();
    crm.faults(Faults { latency_ms: SLOW, hold_webhooks: true, ..Faults::default() });
    api.delete(&id).await.expect(204);
    eventually("the deletion to be claimed", SOON, || async {
        let sql = "select count(*) from links where claimed_until > now() and sending is not null";
        let claimed: i64 = test.sql.query_one(sql, &[]).await.unwrap().get(0);
        (claimed == 1).then_some(()).ok_or(claimed)
    })
    .await;
    api.restore(&id).await.expect(200);
    (id, record["id"].as_str().unwrap().to_owned())
}

async fn is_worked(test: &TestApp) {
    eventually("the webhook to be worked", SOON, || async {
        let sql = "select count(*) from webhook_events where type = 'contact.deleted' and state <> 'received'";
        let worked: i64 = test.sql.query_one(sql, &[]).await.unwrap().get(0);
        (worked == 1).then_some(()).ok_or(worked)
    })
    .await;
}

async fn lives_as_another_record(test: &TestApp, api: &Api<'_>, crm: &Crm, way: &TwoWay<'_>, id: &str, old: &str) {
    way.at_rest(&[crm]).await;
    let contact = api.get(id).await.expect(200).json();
    assert_eq!(contact["version"], 3);
    let records: Vec<Value> = crm.records_of(id).await;
    assert_eq!(records.len(), 1);
    assert_ne!(records[0]["id"], old);
    assert_eq!(test.events(id).await.len(), 3);
    assert_eq!(test.count("sync_conflicts").await, 0);
}
