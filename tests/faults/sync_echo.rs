//! What we write is told us again, in the CRM's own form perhaps, and perhaps before we have its answer.

use std::time::Duration;

use acme_crm::Faults;
use serde_json::{Value, json};
use support::app::{Api, TestApp, ada};
use support::crm::Crm;
use support::two_way::TwoWay;
use support::wait::eventually;

const POLICIES: [&str; 3] = ["newestWins", "crmWins", "localWins"];

/// A contact whose values a tidy CRM would write differently.
fn untidy() -> Value {
    json!({
        "firstName": "ada  augusta", "lastName": "lovelace", "email": "Ada@example.com", "phone": "+14155552671",
        "tags": ["Poetry", "mathematics"],
    })
}

/// Makes a contact, changes it, and answers how many versions it has in the end, and how often the CRM was written to.
async fn round(api: &Api<'_>, way: &TwoWay<'_>, crm: &Crm, contact: &Value) -> (Value, u64) {
    let written = async || crm.asked("POST /contacts").await + crm.asked("PATCH /contacts/{id}").await;
    let before = written().await;
    let id = api.create(contact).await.expect(201).id();
    way.at_rest(&[crm]).await;
    let version = api.get(&id).await.expect(200).json()["version"].as_i64().unwrap();
    assert!(version <= 2, "a new contact has got {version} versions");
    api.patch(&id, version, &json!({"title": "countess"})).await.expect(200);
    way.at_rest(&[crm]).await;
    let contact = api.get(&id).await.expect(200).json();
    let [record] = crm.records_of(&id).await.try_into().unwrap();
    assert_eq!(record["acme_title"], contact["title"]);
    assert_eq!(record["acme_phone"].is_string(), contact["phone"].is_string());
    (contact, written().await - before)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_change_makes_one_round_whichever_comes_first() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    for webhook_first in [false, true] {
        crm.faults(Faults { webhook_first, ..Faults::default() });
        for policy in POLICIES {
            crm.policy(&api, policy).await;
            let (contact, written) = round(&api, &way, &crm, &ada()).await;
            assert_eq!((&contact["version"], written), (&json!(2), 2), "{policy}, webhook first: {webhook_first}");
        }
    }
    assert_eq!(test.count("sync_conflicts").await, 0, "nobody else changed anything");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_form_that_a_crm_gives_is_adopted_and_not_sent_back() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    for webhook_first in [false, true] {
        crm.faults(Faults { normalise: true, webhook_first, ..Faults::default() });
        for policy in POLICIES {
            crm.policy(&api, policy).await;
            let (contact, written) = round(&api, &way, &crm, &untidy()).await;
            assert_eq!(contact["firstName"], "Ada augusta", "{policy}, webhook first: {webhook_first}: {contact}");
            assert_eq!(contact["tags"], json!(["mathematics", "poetry"]));
            assert_eq!(written, 2, "{policy}, webhook first: {webhook_first}");
            assert!(contact["version"].as_i64() <= Some(4), "one more version for each change: {contact}");
            if policy != "localWins" {
                assert_eq!(test.count("sync_conflicts").await, 0, "nobody else changed anything");
            }
        }
        // Where ours must win, a form that is told before we have the answer looks like somebody else's change.
        test.execute("delete from sync_conflicts").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_we_change_while_we_write_is_not_undone_by_the_form_that_the_crm_gives() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    crm.faults(Faults { normalise: true, ..Faults::default() });
    for deleted in [false, true] {
        let id = api.create(&ada()).await.expect(201).id();
        way.at_rest(&[&crm]).await;
        let version = api.get(&id).await.expect(200).json()["version"].as_i64().unwrap();
        crm.faults(Faults { normalise: true, latency_ms: 700, ..Faults::default() });
        api.patch(&id, version, &json!({"firstName": "augusta", "tags": ["Poetry", "algebra"]})).await.expect(200);
        let claimed = || async { test.count("links where claimed_until is not null").await == 1 };
        eventually("the change to be on its way", Duration::from_secs(20), claimed).await;
        if deleted {
            api.delete(&id).await.expect(204);
        } else {
            api.patch(&id, version + 1, &json!({"firstName": "ada king"})).await.expect(200);
        }
        crm.faults(Faults { normalise: true, ..Faults::default() });
        way.at_rest(&[&crm]).await;
        let records = crm.records_of(&id).await;
        if deleted {
            assert_eq!((api.get(&id).await.status, records), (410, Vec::new()));
        } else {
            assert_eq!(api.get(&id).await.expect(200).json()["firstName"], "Ada king");
            assert_eq!(records[0]["acme_first_name"], "Ada king");
            assert_eq!(records[0]["acme_tags"], json!(["algebra", "poetry"]));
        }
    }
    assert_eq!(test.count("sync_conflicts").await, 0, "nobody else changed anything");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_we_take_back_while_we_write_stays_so_whatever_old_news_come() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    let id = api.create(&ada()).await.expect(201).id();
    way.at_rest(&[&crm]).await;
    let [record] = crm.records_of(&id).await.try_into().unwrap();
    crm.faults(Faults { latency_ms: 900, ..Faults::default() });
    api.patch(&id, 1, &json!({"title": "Lady"})).await.expect(200);
    let claimed = || async { test.count("links where claimed_until is not null").await == 1 };
    eventually("the change to be on its way", Duration::from_secs(20), claimed).await;
    api.patch(&id, 2, &json!({"title": "Countess"})).await.expect(200);
    // It says what the contact says, and yet the two are not the same: another title is on its way.
    assert_eq!(crm.send(&json!({"event": "contact.updated", "id": "old", "data": record})).await["status"], 202);
    let worked = || async { test.count("webhook_events where event_id = 'old' and state <> 'received'").await == 1 };
    eventually("the old news to be worked", Duration::from_secs(20), worked).await;
    crm.faults(Faults::default());
    let remote_id = record["id"].as_str().unwrap();
    let arrived = || async { crm.record(remote_id).await["acme_version"].as_i64() > record["acme_version"].as_i64() };
    eventually("the change to arrive", Duration::from_secs(20), arrived).await;
    way.at_rest(&[&crm]).await;
    assert_eq!(api.get(&id).await.expect(200).json()["title"], "Countess");
    assert_eq!(crm.records_of(&id).await[0]["acme_title"], "Countess");
    assert_eq!((test.events(&id).await.len(), test.count("sync_conflicts").await), (3, 0));
}
