//! Deleting a contact, and bringing it back.

use futures::future::join_all;
use serde_json::{Value, json};
use support::app::{Api, TestApp, ada, grace};
use uuid::Uuid;

#[tokio::test]
async fn a_deleted_contact_is_gone_until_it_is_restored() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let created = api.create(&ada()).await.expect(201);
    let id = created.id();

    let deleted = api.ask("DELETE", &format!("/contacts/{id}")).header("if-match", "\"1\"").send().await.expect(204);
    assert_eq!((deleted.header("etag"), deleted.body.len()), ("\"2\"", 0));
    assert_eq!(api.get(&id).await.expect(410).problem(), "contact-deleted");
    assert_eq!(api.patch(&id, 2, &json!({"title": "x"})).await.expect(410).problem(), "contact-deleted");
    let shown = api.ask("GET", &format!("/contacts/{id}?includeDeleted=true")).send().await.expect(200).json();
    assert_eq!((&shown["version"], &shown["deletedAt"]), (&json!(2), &shown["updatedAt"]));

    let restored = api.restore(&id).await.expect(200);
    let mut expected = created.json();
    expected["version"] = json!(3);
    expected["updatedAt"] = restored.json()["updatedAt"].clone();
    assert_eq!(restored.json(), expected, "it is as it was");
    assert_eq!(restored.header("etag"), "\"3\"");
    assert_eq!(api.get(&id).await.expect(200).json(), expected);
}

#[tokio::test]
async fn both_are_events_with_before_and_after() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let created = api.create(&ada()).await.expect(201);
    let id = created.id();
    api.delete(&id).await.expect(204);
    let restored = api.restore(&id).await.expect(200);
    let [_, gone, back] = test.events(&id).await.try_into().unwrap();
    assert_eq!((&gone["type"], &gone["changed_fields"]), (&json!("deleted"), &json!(["deletedAt"])));
    assert_eq!(gone["before"], created.json());
    assert_eq!(gone["after"]["deletedAt"], gone["after"]["updatedAt"]);
    assert_eq!((&back["type"], &back["changed_fields"]), (&json!("restored"), &json!(["deletedAt"])));
    assert_eq!((&back["before"], &back["after"]), (&gone["after"], &restored.json()));
}

#[tokio::test]
async fn the_version_is_named_by_the_header_or_by_a_body() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    let delete = || api.ask("DELETE", &format!("/contacts/{id}"));
    let restore = || api.ask("POST", &format!("/contacts/{id}/restore"));
    for (ask, status, code) in [
        (delete(), 428, "precondition-required"),
        (restore(), 428, "precondition-required"),
        (delete().json(&json!({})), 428, "precondition-required"),
        (delete().header("if-match", "\"7\""), 412, "precondition-failed"),
        (restore().header("if-match", "\"7\""), 412, "precondition-failed"),
        (delete().json(&json!({"version": 7})), 409, "version-conflict"),
        (restore().json(&json!({"version": 7})), 409, "version-conflict"),
        (delete().header("if-match", "7"), 400, "malformed"),
        (delete().header("content-type", "application/json").body("{"), 400, "malformed"),
        (delete().body("version=1"), 415, "unsupported-media-type"),
        (delete().json(&json!({"version": "1"})), 422, "invalid"),
        (restore().json(&json!({"version": 1, "reason": "typo"})), 422, "invalid"),
    ] {
        let answer = ask.send().await;
        assert_eq!((answer.status, answer.problem()), (status, code.to_owned()));
    }
    assert_eq!(test.events(&id).await.len(), 1);
    delete().json(&json!({"version": 1})).send().await.expect(204);
    restore().json(&json!({"version": 2})).send().await.expect(200);
    delete().header("if-match", "*").send().await.expect(204);
    restore().header("if-match", "\"4\"").send().await.expect(200);
    assert_eq!(test.events(&id).await.len(), 5);
}

#[tokio::test]
async fn deleting_twice_is_told_and_restoring_twice_changes_nothing() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    let untouched = api.restore(&id).await.expect(200);
    assert_eq!(untouched.json(), api.get(&id).await.expect(200).json());
    api.delete(&id).await.expect(204);
    assert_eq!(api.delete(&id).await.expect(410).problem(), "contact-deleted");
    let restored = api.restore(&id).await.expect(200).json();
    assert_eq!(api.restore(&id).await.expect(200).json(), restored);
    assert_eq!(test.events(&id).await.len(), 3);
}

#[tokio::test]
async fn what_is_not_there_or_not_ours_is_neither_deleted_nor_restored() {
    let test = TestApp::start().await;
    let (ours, theirs) = (test.api().await, test.api().await);
    let id = theirs.create(&grace()).await.expect(201).id();
    for id in [&id, &Uuid::now_v7().to_string(), &"7".to_owned()] {
        assert_eq!(ours.delete(id).await.expect(404).problem(), "contact-not-found");
        assert_eq!(ours.restore(id).await.expect(404).problem(), "contact-not-found");
    }
    theirs.delete(&id).await.expect(204);
    assert_eq!(ours.restore(&id).await.expect(404).problem(), "contact-not-found");
    assert_eq!(test.events(&id).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_sides_delete_and_restore_and_each_version_is_one_event() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    for _ in 0..5 {
        join_all((0..8).map(|side| delete_or_restore(&api, &id, side))).await;
    }
    let events = test.events(&id).await;
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["version"], index + 1);
        let before = index.checked_sub(1).map_or(&Value::Null, |previous| &events[previous]["after"]);
        assert_eq!(&event["before"], before);
        let kind = ["deleted", "restored"][(index + 1) % 2];
        assert_eq!(event["type"], if index == 0 { "created" } else { kind });
    }
    assert_eq!(test.contact_row(&id).await["version"], events.len());
}

async fn delete_or_restore(api: &Api<'_>, id: &str, side: usize) {
    if side.is_multiple_of(2) {
        let status = api.delete(id).await.status;
        assert!(status == 204 || status == 410, "{status}");
    } else {
        api.restore(id).await.expect(200);
    }
}
