//! Changing parts of a contact: the merge patch, and which version is meant.

use serde_json::{Value, json};
use support::app::{Answer, Api, TestApp, ada, grace};
use uuid::Uuid;

#[tokio::test]
async fn a_patch_sets_removes_and_keeps_member_by_member() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let created = api.create(&ada()).await.expect(201);
    let patch = json!({
        "firstName": " Augusta ",
        "company": null,
        "title": "  ",
        "address": {"city": "Paris", "country": null},
        "tags": ["poetry"],
        "customFields": {"born": null, "knows": "Mary", "new": 1.0},
        "phone": "(415) 555-2672",
    });
    let patched = api.patch(&created.id(), 1, &patch).await.expect(200);
    let mut expected = created.json();
    expected["firstName"] = json!("Augusta");
    expected["address"] = json!({"street": "12 St James's Square", "city": "Paris"});
    expected["tags"] = json!(["poetry"]);
    expected["customFields"] = json!({"knows": "Mary", "new": 1, "published": true});
    expected["phone"] = json!("+14155552672");
    expected["version"] = json!(2);
    expected["updatedAt"] = patched.json()["updatedAt"].clone();
    expected.as_object_mut().unwrap().retain(|name, _| !["company", "title"].contains(&name.as_str()));
    assert_eq!(patched.json(), expected);
    assert_eq!(patched.header("etag"), "\"2\"");
    assert!(patched.json()["updatedAt"].as_str() > created.json()["updatedAt"].as_str());
    assert_eq!(api.get(&created.id()).await.expect(200).json(), expected);
}

#[tokio::test]
async fn what_is_removed_goes_or_has_its_default_again() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut lead = ada();
    lead["status"] = json!("lead");
    let id = api.create(&lead).await.expect(201).id();
    let nothing = json!({"address": null, "status": null, "tags": null, "customFields": null, "notes": null});
    let patched = api.patch(&id, 1, &nothing).await.expect(200).json();
    assert_eq!((patched.get("address"), patched.get("notes")), (None, None));
    assert_eq!((&patched["status"], &patched["tags"]), (&json!("active"), &json!([])));
    assert_eq!(patched["customFields"], json!({}));
    let patched = api.patch(&id, 2, &json!({"address": {"city": "London"}})).await.expect(200).json();
    assert_eq!(patched["address"], json!({"city": "London"}));
    let patched = api.patch(&id, 3, &json!({"address": {"city": null}})).await.expect(200).json();
    assert_eq!(patched.get("address"), None, "the last part goes, and the address with it");
}

#[tokio::test]
async fn a_merge_patch_and_plain_json_mean_the_same_and_nothing_else_is_taken() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    for (version, media_type) in [(1, "application/merge-patch+json"), (2, "application/json; charset=utf-8")] {
        let patch = json!({"title": media_type, "version": version}).to_string();
        let ask = api.ask("PATCH", &format!("/contacts/{id}")).header("content-type", media_type);
        assert_eq!(ask.body(patch).send().await.expect(200).json()["title"], media_type);
    }
    for media_type in ["application/json-patch+json", "text/json", ""] {
        let ask = api.ask("PATCH", &format!("/contacts/{id}")).header("content-type", media_type);
        let answer = ask.body(r#"{"version": 3}"#).send().await.expect(415);
        assert_eq!(answer.problem(), "unsupported-media-type", "{media_type}");
    }
}

#[tokio::test]
async fn the_version_is_named_by_if_match_by_the_body_or_by_both() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    let accepted = [
        (Some("\"1\""), json!({"title": "a"})),
        (None, json!({"title": "b", "version": 2.0})),
        (Some("\"3\""), json!({"title": "c", "version": 3})),
        (Some("\"x\", \"9\" , \"4\""), json!({"title": "d"})),
        (Some("*"), json!({"title": "e"})),
        (Some("*"), json!({"title": "f", "version": 6})),
    ];
    for (version, (if_match, body)) in (2..).zip(accepted) {
        let answer = change(&api, &id, if_match, &body).await.expect(200);
        assert_eq!(answer.json()["version"], version, "{if_match:?} {body}");
    }
}

#[tokio::test]
async fn another_version_is_refused_and_the_current_one_is_told() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    api.patch(&id, 1, &json!({"title": "Rear Admiral"})).await.expect(200);
    let refused = [
        (Some("\"1\""), json!({"title": "x"}), 412, "precondition-failed"),
        (Some("W/\"2\""), json!({"title": "x"}), 412, "precondition-failed"),
        (Some("\"02\", \"two\", \"\""), json!({"title": "x"}), 412, "precondition-failed"),
        (Some("\"1\""), json!({"title": "x", "version": 2}), 412, "precondition-failed"),
        (Some("\"1\""), json!({"title": "x", "version": 1}), 412, "precondition-failed"),
        (None, json!({"title": "x", "version": 1}), 409, "version-conflict"),
        (None, json!({"title": "x", "version": 3}), 409, "version-conflict"),
        (Some("\"2\""), json!({"title": "x", "version": 1}), 409, "version-conflict"),
        (Some("*"), json!({"title": "x", "version": 1}), 409, "version-conflict"),
    ];
    for (if_match, body, status, code) in refused {
        let answer = change(&api, &id, if_match, &body).await;
        assert_eq!((answer.status, answer.problem()), (status, code.to_owned()), "{if_match:?} {body}");
        assert_eq!(answer.json()["currentVersion"], 2);
    }
    let answer = change(&api, &id, None, &json!({"title": "x"})).await.expect(428);
    assert_eq!(answer.problem(), "precondition-required");
    for malformed in ["2", "\"2", "**", "\"2\" \"3\"", ""] {
        let answer = change(&api, &id, Some(malformed), &json!({"title": "x"})).await.expect(400);
        assert_eq!(answer.problem(), "malformed", "{malformed}");
    }
    assert_eq!(test.contact_row(&id).await["title"], "Rear Admiral");
    assert_eq!(test.events(&id).await.len(), 2);
}

#[tokio::test]
async fn a_change_that_changes_nothing_keeps_the_version_and_is_no_event() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let created = api.create(&ada()).await.expect(201);
    for same in [
        json!({}),
        ada(),
        created.json(),
        json!({"firstName": " Ada ", "phone": "(415) 555-2671", "email": "ada@EXAMPLE.com"}),
        json!({"tags": ["mathematics", "poetry", "mathematics"], "customFields": {"born": 1815.0, "absent": null}}),
        json!({"address": {}, "id": "other", "createdAt": 5}),
    ] {
        let answer = change(&api, &created.id(), Some("\"1\""), &same).await.expect(200);
        assert_eq!(answer.json(), created.json(), "{same}");
        assert_eq!(answer.header("etag"), "\"1\"");
    }
    assert_eq!(test.events(&created.id()).await.len(), 1);
}

#[tokio::test]
async fn the_event_tells_what_was_what_is_and_what_differs() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let before = api.create(&ada()).await.expect(201);
    let other = Api::of(&test, test.client_of(&api.client.tenant, &crosswalk::Scope::ALL).await).await;
    let patch = json!({"title": null, "address": {"city": "Paris"}, "customFields": {"new": true}, "firstName": "Ada"});
    let after = other.patch(&before.id(), 1, &patch).await.expect(200);
    let [_, event] = test.events(&before.id()).await.try_into().unwrap();
    assert_eq!((&event["before"], &event["after"]), (&before.json(), &after.json()));
    assert_eq!((&event["type"], &event["version"]), (&json!("updated"), &json!(2)));
    assert_eq!(event["changed_fields"], json!(["address", "customFields", "title"]));
    assert_eq!(event["origin"], json!({"kind": "api", "client": other.client.id}));
    assert_eq!(event["published_at"], Value::Null);
}

#[tokio::test]
async fn what_is_not_there_not_ours_or_deleted_is_not_changed() {
    let test = TestApp::start().await;
    let (ours, theirs) = (test.api().await, test.api().await);
    let id = theirs.create(&grace()).await.expect(201).id();
    let patch = json!({"title": "x"});
    let unknown = Uuid::now_v7().to_string();
    for (id, if_match) in [(&id, "\"1\""), (&id, "*"), (&unknown, "*"), (&"7".to_owned(), "*")] {
        assert_eq!(change(&ours, id, Some(if_match), &patch).await.expect(404).problem(), "contact-not-found");
    }
    test.execute(&format!("update contacts set deleted_at = now() where id = '{id}'")).await;
    for if_match in ["\"1\"", "\"2\"", "*"] {
        let answer = change(&theirs, &id, Some(if_match), &patch).await.expect(410);
        assert_eq!(answer.problem(), "contact-deleted");
    }
    assert_eq!(test.events(&id).await.len(), 1);
}

async fn change(api: &Api<'_>, id: &str, if_match: Option<&str>, body: &Value) -> Answer {
    let ask = api.ask("PATCH", &format!("/contacts/{id}"));
    let ask = if let Some(tags) = if_match { ask.header("if-match", tags) } else { ask };
    ask.json(body).send().await
}
