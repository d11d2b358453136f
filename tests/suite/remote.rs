//! Records in a CRM's own form: put, and read back.

use crosswalk::Scope;
use serde_json::{Value, json};
use support::app::{Api, TestApp, ada};
use support::remote::{Remote, record};
use uuid::Uuid;

#[tokio::test]
async fn a_record_makes_a_contact_and_is_read_back_unchanged() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_one").await;
    let mut given = record("7");
    given["acme_address"] = json!("Dorset Street 1, behind the mews, London");
    given["acme_phone"] = json!("(415) 555-2671");
    given["acme_tags"] = json!(["a", " b ", "a"]);
    given["owner"] = json!({"id": 7.0, "names": ["x", null, {"deep": [1e300, -0.5, "\u{1f9ee}"]}], "": true});
    given["acme_company"] = Value::Null;
    let put = crm.put("7", &given).await.expect(201);
    let contact = put.json();
    assert_eq!(put.header("location"), format!("/contacts/{}", put.id()));
    assert_eq!(put.header("etag"), "\"1\"");
    assert_eq!(contact["firstName"], "Ada");
    assert_eq!(contact["phone"], "+14155552671");
    assert_eq!(contact["tags"], json!(["a", "b"]));
    assert_eq!(contact["address"], json!({"street": "Dorset Street 1, behind the mews, London"}));
    assert_eq!((contact.get("company"), contact.get("owner")), (None, None));
    assert_eq!(api.get(&put.id()).await.expect(200).json(), contact);
    assert_eq!(crm.get("7").await.expect(200).json(), given);

    let [event] = test.events(&put.id()).await.try_into().unwrap();
    assert_eq!((&event["type"], &event["after"]), (&json!("created"), &contact));
    assert_eq!(event["origin"], json!({"kind": "connection", "connection": "cn_one"}));
    let shown = api.ask("GET", &format!("/contacts/{}?include=links", put.id())).send().await.expect(200).json();
    assert_eq!(shown["links"][0]["state"], "synced");
    assert_eq!(shown["links"][0]["remoteId"], "7");
}

#[tokio::test]
async fn the_same_record_again_changes_nothing() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_one").await;
    let first = crm.put("7", &record("7")).await.expect(201);
    let again = crm.put("7", &record("7")).await.expect(200);
    assert_eq!((again.json(), again.header("location")), (first.json(), ""));
    assert_eq!(test.events(&first.id()).await.len(), 1);
}

#[tokio::test]
async fn a_later_record_changes_what_it_changed() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_one").await;
    let id = crm.put("7", &record("7")).await.expect(201).id();
    let mut later = record("7");
    later["acme_title"] = json!("Countess");
    later["acme_updated_at"] = json!("2026-01-02T00:00:00Z");
    later["color"] = json!("green");
    let put = crm.put("7", &later).await.expect(200);
    assert_eq!((&put.json()["title"], &put.json()["version"]), (&json!("Countess"), &json!(2)));
    assert_eq!(api.get(&id).await.expect(200).json(), put.json(), "the cache has it");
    assert_eq!(crm.get("7").await.expect(200).json(), later);
    let [_, event] = test.events(&id).await.try_into().unwrap();
    assert_eq!((&event["type"], &event["changed_fields"]), (&json!("updated"), &json!(["title"])));
}

#[tokio::test]
async fn what_we_change_is_shown_in_the_crms_form_over_what_it_said() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_one").await;
    let mut given = record("7");
    given["owner"] = json!("somebody");
    given["acme_phone"] = json!("(415) 555-2671");
    let id = crm.put("7", &given).await.expect(201).id();
    api.patch(&id, 1, &json!({"title": "Poet", "status": "lead", "address": {"city": "Paris", "country": "FR"}}))
        .await
        .expect(200);
    let mut expected = given;
    expected["acme_title"] = json!("Poet");
    expected["acme_status"] = json!("Lead");
    expected["acme_address"] = json!(", Paris, , FR");
    let shown = crm.get("7").await.expect(200).json();
    assert_eq!(shown, expected);
    // And put back as it is shown, it changes nothing here.
    assert_eq!(crm.put("7", &shown).await.expect(200).json()["version"], 2);
}

#[tokio::test]
async fn a_record_that_names_our_contact_is_linked_to_it() {
    let test = TestApp::start().await;
    let (api, stranger) = (test.api().await, test.api().await);
    let crm = Remote::connect(&api, "cn_one").await;
    let ours = api.create(&ada()).await.expect(201);
    let theirs = stranger.create(&ada()).await.expect(201);
    let naming = |id: &str, contact: &str| {
        let mut record = record(id);
        record["acme_external_id"] = json!(contact);
        record["acme_updated_at"] = json!(jiff::Timestamp::now().to_string());
        record
    };
    let linked = crm.put("7", &naming("7", &ours.id())).await.expect(200);
    assert_eq!(linked.id(), ours.id());
    // Another record may say the same: it is another contact.
    let second = crm.put("8", &naming("8", &ours.id())).await.expect(201);
    assert_ne!(second.id(), ours.id());
    for foreign in [theirs.id(), Uuid::now_v7().to_string(), "no-id-of-ours".to_owned()] {
        let other = crm.put(&foreign, &naming(&foreign, &foreign)).await.expect(201);
        assert_ne!(other.id(), foreign);
    }
    assert_eq!(test.events(&theirs.id()).await.len(), 1, "another tenant's contact is none of ours");
}

#[tokio::test]
async fn a_record_with_faults_is_refused_with_all_of_them_in_its_own_form() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_one").await;
    let wrong = json!({
        "id": "8", "acme_first_name": " ", "acme_email": "nobody", "acme_status": "Asleep", "acme_tags": [7],
        "acme_custom_fields": {"a": []}, "acme_address": 5, "acme_updated_at": "yesterday", "acme_version": "x",
    });
    let answer = crm.put("7", &wrong).await.expect(422);
    let pointers: Vec<_> = answer.faults().into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(
        pointers,
        [
            "/acme_address",
            "/acme_custom_fields/a",
            "/acme_email",
            "/acme_first_name",
            "/acme_last_name",
            "/acme_status",
            "/acme_tags/0",
            "/acme_updated_at",
            "/acme_version",
        ]
    );
    assert_eq!(crm.put("7", &record("8")).await.expect(422).faults(), [("/id".to_owned(), "invalid".to_owned())]);
    let mut nul = record("7");
    nul["x"] = json!({"y": ["a\0b"], "n\0": 1});
    let faults = crm.put("7", &nul).await.expect(422).faults();
    assert_eq!(faults.iter().map(|(at, _)| at.as_str()).collect::<Vec<_>>(), ["/x/n\0", "/x/y/0"]);
    assert_eq!(crm.put("7", &json!([])).await.expect(422).faults(), [(String::new(), "type".to_owned())]);
    let mut future = record("7");
    future["acme_updated_at"] = json!((jiff::Timestamp::now() + jiff::SignedDuration::from_mins(6)).to_string());
    assert_eq!(crm.put("7", &future).await.expect(422).faults(), [(String::new(), "in_future".to_owned())]);
    assert_eq!((test.count("contacts").await, test.count("links").await), (0, 0));
    for out_of_range in ["0000-01-01T00:00:00Z", "0001-01-01T00:00:00+10:00", "-005000-01-01T00:00:00Z"] {
        let mut ancient = record("7");
        ancient["acme_updated_at"] = json!(out_of_range);
        assert_eq!(crm.put("7", &ancient).await.expect(422).faults(), [("/acme_updated_at".into(), "invalid".into())]);
    }
    let mut nearly = record("7");
    nearly["acme_updated_at"] = json!((jiff::Timestamp::now() + jiff::SignedDuration::from_mins(4)).to_string());
    crm.put("7", &nearly).await.expect(201);
}

#[tokio::test]
async fn what_is_not_there_not_ours_or_deleted_is_told_apart() {
    let test = TestApp::start().await;
    let (api, stranger) = (test.api().await, test.api().await);
    let crm = Remote::connect(&api, "cn_one").await;
    let id = crm.put("7", &record("7")).await.expect(201).id();
    assert_eq!(crm.get("8").await.expect(404).problem(), "record-not-found");
    for (api, connection) in [(&stranger, "cn_one"), (&api, "cn_two"), (&api, "..")] {
        let other = Remote { api, connection: connection.to_owned() };
        assert_eq!(other.get("7").await.expect(404).problem(), "connection-not-found", "{connection}");
        assert_eq!(other.put("7", &record("7")).await.expect(404).problem(), "connection-not-found");
    }
    for bad in ["%20", "%207", "7%20", "a%0Ab", &"x".repeat(201)] {
        assert_eq!(crm.get(bad).await.expect(400).problem(), "malformed", "{bad}");
    }
    crm.put("x%20y%C3%A9", &json!({"acme_first_name": "A", "acme_last_name": "B", "acme_email": "a@example.com"}))
        .await
        .expect(201);
    crm.get("x%20y%C3%A9").await.expect(200);
    api.delete(&id).await.expect(204);
    assert_eq!(crm.get("7").await.expect(410).problem(), "contact-deleted");
}

#[tokio::test]
async fn scopes_are_asked_for() {
    let test = TestApp::start().await;
    let reader = test.api_with(&[Scope::ContactsRead]).await;
    let writer = Api::of(&test, test.client_of(&reader.client.tenant, &[Scope::ContactsWrite]).await).await;
    let crm = Remote::connect(&writer, "cn_one").await;
    crm.put("7", &record("7")).await.expect(201);
    assert_eq!(crm.get("7").await.expect(403).problem(), "scope-missing");
    let crm = Remote { api: &reader, ..crm };
    crm.get("7").await.expect(200);
    assert_eq!(crm.put("7", &record("7")).await.expect(403).problem(), "scope-missing");
    let path = "/connections/cn_one/contacts/7";
    assert_eq!(test.ask("GET", path).send().await.expect(401).problem(), "token-missing");
}
