//! Replacing a contact as a whole.

use serde_json::{Value, json};
use support::app::{TestApp, ada, grace};
use uuid::Uuid;

#[tokio::test]
async fn what_is_not_given_has_its_default_again() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let before = api.create(&ada()).await.expect(201);
    let replaced = api.put(&before.id(), 1, &grace()).await.expect(200);
    let mut expected = grace();
    for (name, value) in [("status", json!("active")), ("tags", json!([])), ("customFields", json!({}))] {
        expected[name] = value;
    }
    for name in ["id", "createdAt"] {
        expected[name] = before.json()[name].clone();
    }
    expected["version"] = json!(2);
    expected["updatedAt"] = replaced.json()["updatedAt"].clone();
    assert_eq!(replaced.json(), expected);
    assert_eq!(replaced.header("etag"), "\"2\"");
    assert_eq!(api.get(&before.id()).await.expect(200).json(), expected);

    let [_, event] = test.events(&before.id()).await.try_into().unwrap();
    assert_eq!((&event["before"], &event["after"], &event["type"]), (&before.json(), &expected, &json!("updated")));
}

#[tokio::test]
async fn what_was_read_can_be_edited_and_put_back() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    let path = format!("/contacts/{id}");
    let mut contact = api.ask("GET", &format!("{path}?include=links")).send().await.expect(200).json();
    contact["title"] = json!("Countess of Lovelace");
    // Its version is in it, so If-Match need not name one.
    let put = api.ask("PUT", &path).json(&contact).send().await.expect(200).json();
    assert_eq!((&put["title"], &put["version"]), (&json!("Countess of Lovelace"), &json!(2)));
    assert_eq!(put["createdAt"], contact["createdAt"]);
    let again = api.ask("PUT", &path).json(&contact).send().await.expect(409);
    assert_eq!((again.problem(), &again.json()["currentVersion"]), ("version-conflict".into(), &json!(2)));
}

#[tokio::test]
async fn putting_what_is_there_already_changes_nothing() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let created = api.create(&ada()).await.expect(201);
    for same in [ada(), created.json()] {
        assert_eq!(api.put(&created.id(), 1, &same).await.expect(200).json(), created.json());
    }
    assert_eq!(test.events(&created.id()).await.len(), 1);
}

#[tokio::test]
async fn the_same_in_another_order_and_other_forms_of_number_changes_nothing() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut contact = grace();
    contact["customFields"] = json!({"a": 7, "b": 0.25, "c": 100_000_000_000_000_000_u64});
    let created = api.create(&contact).await.expect(201);
    let (id, put) = (created.id(), |body: &'static str| {
        let ask = api.ask("PUT", &format!("/contacts/{}", created.id())).header("if-match", "\"1\"");
        ask.header("content-type", "application/json").body(body)
    });
    for same in [
        r#"{"customFields": {"c": 1e17, "b": 25e-2, "a": 7.0}, "email": "grace@example.com", "lastName": "Hopper",
            "firstName": "Grace"}"#,
        r#"{"lastName":"\u0048opper","firstName":"Grace","email":"grace@EXAMPLE.com","customFields":{"a":70e-1,"b":0.250,
            "c":100000000000000000.0}, "tags": [], "title": null}"#,
    ] {
        assert_eq!(put(same).send().await.expect(200).json(), created.json(), "{same}");
    }
    assert_eq!(test.events(&id).await.len(), 1);
}

#[tokio::test]
async fn a_contact_that_is_not_whole_is_no_replacement() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    let answer = api.put(&id, 1, &json!({"firstName": null, "email": "ada@example.com", "x": 1})).await.expect(422);
    let faults = [("/firstName", "required"), ("/lastName", "required"), ("/x", "unknown")];
    assert_eq!(answer.faults(), faults.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    let path = format!("/contacts/{id}");
    let merge = api.ask("PUT", &path).header("content-type", "application/merge-patch+json").body(ada().to_string());
    assert_eq!(merge.send().await.expect(415).problem(), "unsupported-media-type");
    assert_eq!(api.ask("PUT", &path).json(&grace()).send().await.expect(428).problem(), "precondition-required");
    assert_eq!(api.put(&id, 7, &grace()).await.expect(412).problem(), "precondition-failed");
    assert_eq!(test.contact_row(&id).await["first_name"], "Ada");
}

#[tokio::test]
async fn what_is_not_there_not_ours_or_deleted_is_not_replaced() {
    let test = TestApp::start().await;
    let (ours, theirs) = (test.api().await, test.api().await);
    let id = theirs.create(&grace()).await.expect(201).id();
    for id in [&id, &Uuid::now_v7().to_string()] {
        assert_eq!(ours.put(id, 1, &ada()).await.expect(404).problem(), "contact-not-found");
    }
    theirs.delete(&id).await.expect(204);
    assert_eq!(theirs.put(&id, 2, &ada()).await.expect(410).problem(), "contact-deleted");
    assert_eq!(test.count("contacts").await, 1, "PUT makes no contact");
    assert_ne!(test.contact_row(&id).await["deleted_at"], Value::Null);
}
