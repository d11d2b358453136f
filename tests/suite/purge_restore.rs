//! Restoring a contact against purging it.

use std::sync::Arc;
use std::time::Duration;

use crosswalk::clock::End;
use crosswalk::purge;
use futures::future::join_all;
use serde_json::json;
use support::app::{Setup, TestApp, ada, person};
use support::remote::{Remote, record};

#[tokio::test]
async fn past_its_retention_a_contact_is_gone_though_its_row_may_be_there() {
    let test = TestApp::start().await;
    let (api, past) = (test.api().await, test.past());
    let id = api.create(&ada()).await.expect(201).id();
    api.delete(&id).await.expect(204);
    past.deleted(&id, "29 days 23 hours 59 minutes").await;
    api.restore(&id).await.expect(200);
    api.delete(&id).await.expect(204);
    past.deleted(&id, "30 days").await;
    assert_eq!(api.restore(&id).await.expect(404).problem(), "contact-not-found");
    assert_eq!((test.count("contacts").await, test.events(&id).await.len()), (1, 4));
}

#[tokio::test]
async fn a_record_of_a_contact_past_its_retention_is_a_new_contact() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_one").await;
    let first = gone(&crm, "7").await;
    let mut alive = record("7");
    alive["acme_updated_at"] = json!(jiff::Timestamp::now().to_string());
    alive["acme_external_id"] = json!(first);
    let second = crm.put("7", &alive).await.expect(201).id();
    assert_ne!(second, first);
    assert_eq!(crm.get("7").await.expect(200).json(), alive);
    assert_eq!((test.count("contacts").await, test.count("links").await), (2, 1));
    assert_eq!(test.contact_row(&first).await["version"], 2, "the first is as it was, and will be purged");
}

#[tokio::test]
async fn a_batch_item_of_a_contact_past_its_retention_is_a_new_contact() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_one").await;
    let first = crm.put("7", &record("7")).await.expect(201).id();
    api.delete(&first).await.expect(204);
    let mut item = person("Second", "Smith");
    item["connection"] = json!("cn_one");
    item["remoteId"] = json!("7");
    let send = async |item: &serde_json::Value| {
        let answer = api.ask("POST", "/contacts/batch").json(&json!({"items": [item]})).send().await.expect(207);
        answer.json()["items"][0].clone()
    };
    assert_eq!(send(&item).await["status"], 410);
    test.past().deleted(&first, "30 days").await;
    let mut versioned = item.clone();
    versioned["version"] = json!(2);
    assert_eq!(send(&versioned).await["error"]["code"], "record-not-found", "who names a version replaces something");
    assert_eq!(test.count("links").await, 1);
    let created = send(&item).await;
    assert_eq!(created["status"], 201, "{created}");
    assert_ne!(created["id"], first);
    assert_eq!((test.count("contacts").await, test.count("links").await), (2, 1));
    let shown = crm.get("7").await.expect(200).json();
    assert_eq!((&shown["id"], &shown["acme_first_name"]), (&json!("7"), &json!("Second")));
    let by_id = json!({"id": first, "firstName": "A", "lastName": "B", "email": "a@example.com"});
    assert_eq!(send(&by_id).await["status"], 404);
}

#[tokio::test]
async fn a_record_that_names_a_contact_past_its_retention_leaves_its_link_alone() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_one").await;
    let first = gone(&crm, "7").await;
    let mut other = record("8");
    other["acme_external_id"] = json!(first);
    assert_ne!(crm.put("8", &other).await.expect(201).id(), first);
    assert_eq!(test.count("links").await, 2);
    assert_eq!(crm.get("7").await.expect(410).problem(), "contact-deleted");
}

/// The purge has a retention of nothing, and what it takes was deleted two hours ago; the API's is thirty days.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_first_has_the_contact_whole() {
    const CONTACTS: usize = 60;
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000").start().await;
    let (api, past) = (test.api().await, test.past());
    let make = async |n: usize| {
        let id = api.create(&person("First", &n.to_string())).await.expect(201).id();
        api.patch(&id, 1, &json!({"title": "x"})).await.expect(200);
        api.delete(&id).await.expect(204);
        id
    };
    let ids = join_all((0..CONTACTS).map(make)).await;
    past.published().await;
    for id in &ids {
        past.deleted(id, "2 hours").await;
    }
    let hasty = test.another_instance_with(&[("CROSSWALK_RETENTION_CONTACT_DAYS", "0")]);
    let purging = async {
        let end = || End::after(Duration::from_mins(1), 0);
        purge::run(&Arc::clone(&hasty), &end()).await.unwrap();
        purge::run(&hasty, &end()).await.unwrap();
    };
    let restoring = join_all(ids.iter().map(|id| api.restore(id)));
    let (answers, ()) = tokio::join!(restoring, purging);
    for (id, answer) in ids.iter().zip(&answers) {
        let versions: Vec<_> = test.events(id).await.iter().map(|event| event["version"].clone()).collect();
        match answer.status {
            200 => assert_eq!(versions, [1, 2, 3, 4], "restored with its history"),
            404 => assert_eq!(versions.len(), 0, "gone with its history"),
            other => panic!("{other}: {answer:?}"),
        }
    }
    let left = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(test.count("contacts").await, i64::try_from(left).unwrap());
}

/// A contact that was linked to a record, and deleted as long ago as the retention is.
async fn gone(crm: &Remote<'_>, record_id: &str) -> String {
    let id = crm.put(record_id, &record(record_id)).await.expect(201).id();
    crm.api.delete(&id).await.expect(204);
    crm.api.test.past().deleted(&id, "30 days").await;
    id
}
