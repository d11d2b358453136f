//! An answer of the CRM's is lost after it has done what we asked: it is done once all the same.

use acme_crm::Faults;
use serde_json::{Value, json};
use support::app::{TestApp, ada};
use support::crm::Crm;
use support::two_way::TwoWay;

/// The next answer to a write is lost; webhooks come as they do, or not before that was found out.
fn lost(hold_webhooks: bool) -> Faults {
    Faults { answer_lost: 1, hold_webhooks, ..Faults::default() }
}

/// Waits until all is at rest; if webhooks are held back, they come once it was found out without them.
async fn found_out(way: &TwoWay<'_>, crm: &Crm, hold_webhooks: bool) {
    if hold_webhooks {
        way.links_in_sync().await;
        crm.faults(Faults::default());
    }
    way.at_rest(&[crm]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_whose_making_was_not_answered_is_made_once() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    for hold_webhooks in [false, true] {
        crm.faults(lost(hold_webhooks));
        let id = api.create(&ada()).await.expect(201).id();
        found_out(&way, &crm, hold_webhooks).await;
        assert_eq!(crm.records_of(&id).await.len(), 1, "webhooks held back: {hold_webhooks}");
        assert_eq!(api.get(&id).await.expect(200).json()["version"], 1);
        assert_eq!(test.events(&id).await.len(), 1);
    }
    assert_eq!((test.count("contacts").await, crm.records().await.len()), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contact_that_changes_again_meanwhile_arrives_as_it_is_then() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    for hold_webhooks in [false, true] {
        crm.faults(lost(hold_webhooks));
        let id = api.create(&ada()).await.expect(201).id();
        api.patch(&id, 1, &json!({"title": "Poet"})).await.expect(200);
        found_out(&way, &crm, hold_webhooks).await;
        let [record] = crm.records_of(&id).await.try_into().unwrap();
        assert_eq!(record["acme_title"], "Poet", "webhooks held back: {hold_webhooks}");
        assert_eq!(api.get(&id).await.expect(200).json()["version"], 2);

        crm.faults(lost(hold_webhooks));
        api.patch(&id, 2, &json!({"title": "Countess"})).await.expect(200);
        found_out(&way, &crm, hold_webhooks).await;
        assert_eq!(crm.records_of(&id).await[0]["acme_title"], "Countess");
        assert_eq!(
            crm.records_of(&id).await[0]["acme_version"].as_i64(),
            record["acme_version"].as_i64().map(|n| n + 1)
        );
        assert_eq!(api.get(&id).await.expect(200).json()["version"], 3);
    }
    assert_eq!(test.count("sync_conflicts").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_that_was_not_answered_is_done() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    for hold_webhooks in [false, true] {
        let id = api.create(&ada()).await.expect(201).id();
        way.at_rest(&[&crm]).await;
        crm.faults(lost(hold_webhooks));
        api.delete(&id).await.expect(204);
        found_out(&way, &crm, hold_webhooks).await;
        assert_eq!(crm.records().await, Vec::<Value>::new());
        assert_eq!(test.events(&id).await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_comes_before_the_answer_finds_the_contact() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    crm.faults(Faults { webhook_first: true, ..Faults::default() });
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(api.create(&ada()).await.expect(201).id());
    }
    way.at_rest(&[&crm]).await;
    assert_eq!((test.count("contacts").await, test.count("links").await, crm.records().await.len()), (10, 10, 10));
    for id in ids {
        assert_eq!(test.events(&id).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_before_it_was_done_is_done_later_and_once() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    let id = api.create(&ada()).await.expect(201).id();
    way.at_rest(&[&crm]).await;
    for version in 1..=5 {
        // Half of what is asked is answered with 500, before anything was done.
        crm.faults(Faults { error_rate: 0.5, ..Faults::default() });
        api.patch(&id, version, &json!({"title": format!("{version}")})).await.expect(200);
        way.links_in_sync().await;
        crm.faults(Faults::default());
        way.at_rest(&[&crm]).await;
        let [record] = crm.records_of(&id).await.try_into().unwrap();
        assert_eq!(
            (&record["acme_title"], &record["acme_version"]),
            (&json!(format!("{version}")), &json!(version + 1))
        );
    }
    assert_eq!((test.events(&id).await.len(), test.count("sync_conflicts").await), (6, 0));
}
