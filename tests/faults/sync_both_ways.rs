//! A change on one side arrives on the other, once, and nothing comes back.

use serde_json::{Value, json};
use support::app::{TestApp, ada};
use support::crm::{Crm, typed};
use support::two_way::TwoWay;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_is_made_changed_and_deleted_there_is_so_here() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    way.connect(&mut crm);

    let made = crm.create(&typed("Ada")).await;
    way.at_rest(&[&crm]).await;
    let contact = api.only_contact().await;
    assert_eq!((&contact["firstName"], &contact["version"]), (&json!("Ada"), &json!(1)));
    assert_eq!(contact["links"][0]["remoteId"], made["id"]);

    let id = made["id"].as_str().unwrap();
    crm.patch(id, &json!({"acme_title": "Countess"})).await;
    way.at_rest(&[&crm]).await;
    let contact = api.only_contact().await;
    assert_eq!((&contact["title"], &contact["version"]), (&json!("Countess"), &json!(2)));

    crm.delete(id).await;
    way.at_rest(&[&crm]).await;
    assert_eq!(api.pages("/contacts").await, Vec::<Value>::new());
    assert_eq!(test.events(contact["id"].as_str().unwrap()).await.len(), 3);
    assert_eq!(crm.asked("PATCH /contacts/{id}").await, 1, "nothing came back");
    assert_eq!(crm.asked("POST /contacts").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contact_that_is_made_changed_and_deleted_here_is_so_there() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    way.connect(&mut crm);

    let id = api.create(&ada()).await.expect(201).id();
    way.at_rest(&[&crm]).await;
    let [record] = crm.records_of(&id).await.try_into().unwrap();
    assert_eq!((&record["acme_first_name"], &record["acme_version"]), (&json!("Ada"), &json!(1)));

    api.patch(&id, 1, &json!({"title": "Poet"})).await.expect(200);
    way.at_rest(&[&crm]).await;
    let [record] = crm.records_of(&id).await.try_into().unwrap();
    assert_eq!((&record["acme_title"], &record["acme_version"]), (&json!("Poet"), &json!(2)));
    assert_eq!(api.only_contact().await["version"], 2, "nothing came back");

    api.delete(&id).await.expect(204);
    way.at_rest(&[&crm]).await;
    assert_eq!(crm.records().await, Vec::<Value>::new());
    assert_eq!(test.events(&id).await.len(), 3, "nothing came back");

    api.restore(&id).await.expect(200);
    way.at_rest(&[&crm]).await;
    let [record] = crm.records_of(&id).await.try_into().unwrap();
    assert_eq!(record["acme_title"], "Poet");
    assert_eq!((test.count("contacts").await, test.count("links").await), (1, 1));
    assert_eq!(test.events(&id).await.len(), 4, "nothing came back");
}
