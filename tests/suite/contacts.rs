//! A contact is created, read and changed.

use serde_json::json;
use support::app::{TestApp, ada};

#[tokio::test]
async fn a_contact_is_created_read_and_changed() {
    let test = TestApp::start().await;
    let api = test.api().await;

    let created = api.create(&ada()).await.expect(201);
    let id = created.id();
    assert_eq!(created.header("location"), format!("/contacts/{id}"));
    assert_eq!(created.header("etag"), "\"1\"");

    let read = api.get(&id).await.expect(200);
    assert_eq!(read.json(), created.json());
    assert_eq!(read.header("x-cache"), "hit");

    let patched = api.patch(&id, 1, &json!({"title": null, "address": {"city": "Paris"}})).await.expect(200);
    assert_eq!(patched.header("etag"), "\"2\"");
    assert_eq!(patched.json()["address"]["city"], "Paris");
    assert_eq!(patched.json()["address"]["street"], "12 St James's Square");
    assert_eq!(patched.json().get("title"), None);
    assert_eq!(api.get(&id).await.expect(200).json(), patched.json());
}
