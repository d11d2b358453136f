//! A body with faults: all of them are named at once, each with its place.

use serde_json::{Value, json};
use support::app::{Api, TestApp, ada, grace};

/// Where, how much, and members that have so much there.
type Limit = (&'static str, usize, fn(usize) -> Value);

#[tokio::test]
async fn all_faults_come_together_each_with_its_place() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let body = json!({
        "firstName": "  ",
        "lastName": null,
        "email": "nobody at all",
        "phone": 5,
        "company": "x".repeat(201),
        "title": "with a\u{7}bell",
        "address": {"street": 5, "planet": "Earth"},
        "notes": "a\u{0}b",
        "status": "asleep",
        "tags": ["", "x".repeat(51), 7, "fine"],
        "customFields": {"a/b": [], "c~d": {}, " ": 1},
        "nickname": "Ada",
        "version": "one",
    });
    let answer = api.create(&body).await.expect(422);
    assert_eq!(answer.problem(), "invalid");
    let expected = [
        ("/address/planet", "unknown"),
        ("/address/street", "type"),
        ("/company", "too_long"),
        ("/customFields/ ", "blank"),
        ("/customFields/a~1b", "type"),
        ("/customFields/c~0d", "type"),
        ("/email", "invalid"),
        ("/firstName", "blank"),
        ("/lastName", "required"),
        ("/nickname", "unknown"),
        ("/notes", "control_character"),
        ("/phone", "type"),
        ("/status", "invalid"),
        ("/tags/0", "blank"),
        ("/tags/1", "too_long"),
        ("/tags/2", "type"),
        ("/title", "control_character"),
        ("/version", "type"),
    ];
    assert_eq!(answer.faults(), pairs(&expected));
    for fault in answer.json()["errors"].as_array().unwrap() {
        assert!(fault["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{fault}");
    }
    assert_eq!(test.count("contacts").await, 0);
}

#[tokio::test]
async fn what_is_required_is_missed_all_at_once() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let expected = [("/email", "required"), ("/firstName", "required"), ("/lastName", "required")];
    assert_eq!(api.create(&json!({})).await.expect(422).faults(), pairs(&expected));
}

#[tokio::test]
async fn a_member_of_the_wrong_type_says_so() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let wrong = json!({
        "firstName": 1, "lastName": [], "email": {}, "phone": true, "company": 1, "title": [], "address": "Baker Street",
        "notes": {}, "status": 1, "tags": "navy", "customFields": [],
    });
    let faults = api.create(&wrong).await.expect(422).faults();
    let expected: Vec<_> = wrong.as_object().unwrap().keys().map(|name| (format!("/{name}"), "type".into())).collect();
    assert_eq!(faults, expected);
}

#[tokio::test]
async fn a_limit_is_reached_and_not_passed() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let limits: [Limit; 15] = [
        ("/firstName", 100, |n| json!({"firstName": "é".repeat(n)})),
        ("/lastName", 100, |n| json!({"lastName": "x".repeat(n)})),
        ("/email", 254, |n| json!({"email": email(n)})),
        ("/phone", 50, |n| json!({"phone": "x".repeat(n)})),
        ("/company", 200, |n| json!({"company": "x".repeat(n)})),
        ("/title", 200, |n| json!({"title": "💼".repeat(n)})),
        ("/address/street", 200, |n| json!({"address": {"street": "x".repeat(n)}})),
        ("/address/city", 200, |n| json!({"address": {"city": "x".repeat(n)}})),
        ("/address/state", 200, |n| json!({"address": {"state": "x".repeat(n)}})),
        ("/address/postalCode", 200, |n| json!({"address": {"postalCode": "x".repeat(n)}})),
        ("/address/country", 200, |n| json!({"address": {"country": "x".repeat(n)}})),
        ("/notes", 2000, |n| json!({"notes": "x".repeat(n)})),
        ("/tags/0", 50, |n| json!({"tags": ["x".repeat(n)]})),
        ("/tags", 50, |n| json!({"tags": (0..n).map(|tag| tag.to_string()).collect::<Vec<_>>()})),
        (
            "/customFields",
            100,
            |n| json!({"customFields": (0..n).map(|i| (i.to_string(), json!(i))).collect::<Value>()}),
        ),
    ];
    for (pointer, most, members) in limits {
        api.create(&grace_with(&members(most))).await.expect(201);
        let code = if ["/tags", "/customFields"].contains(&pointer) { "too_many" } else { "too_long" };
        let faults = api.create(&grace_with(&members(most + 1))).await.expect(422).faults();
        assert_eq!(faults, pairs(&[(pointer, code)]));
    }
    let name = "x".repeat(100);
    api.create(&grace_with(&json!({"customFields": {name: 1}}))).await.expect(201);
    let name = "x".repeat(101);
    let faults = api.create(&grace_with(&json!({"customFields": {&name: 1}}))).await.expect(422).faults();
    assert_eq!(faults, [(format!("/customFields/{name}"), "too_long".to_owned())]);
}

#[tokio::test]
async fn a_contact_has_sixteen_kilobytes_in_all() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let of_size = |bytes: usize| {
        let with = |text: String| grace_with(&json!({"status": "active", "tags": [], "customFields": {"x": text}}));
        let rest = bytes - with(String::new()).to_string().len();
        with("x".repeat(rest))
    };
    let full = api.create(&of_size(16 * 1024)).await.expect(201).id();
    let faults = api.create(&of_size(16 * 1024 + 1)).await.expect(422).faults();
    assert_eq!(faults, pairs(&[("", "too_large")]));
    let faults = api.patch(&full, 1, &json!({"title": "A"})).await.expect(422).faults();
    assert_eq!(faults, pairs(&[("", "too_large")]));
}

#[tokio::test]
async fn an_email_must_be_one() {
    let test = TestApp::start().await;
    let api = test.api().await;
    for wrong in [
        "ada",
        "ada@",
        "@example.com",
        "ada@localhost",
        "a b@example.com",
        "Ada <ada@example.com>",
        "a@b@c.de",
        "ada@İ.com",
    ] {
        let faults = api.create(&grace_with(&json!({"email": wrong}))).await.expect(422).faults();
        assert_eq!(faults, pairs(&[("/email", "invalid")]), "{wrong}");
    }
}

#[tokio::test]
async fn a_patch_is_checked_in_what_it_gives_and_in_nothing_else() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    let wrong = json!({
        "firstName": null, "lastName": "", "email": "x", "status": 1, "tags": ["ok", ""], "address": {"city": 1, "moon": 2},
        "customFields": {"born": []}, "color": "red",
    });
    let expected = [
        ("/address/city", "type"),
        ("/address/moon", "unknown"),
        ("/color", "unknown"),
        ("/customFields/born", "type"),
        ("/email", "invalid"),
        ("/firstName", "required"),
        ("/lastName", "blank"),
        ("/status", "type"),
        ("/tags/1", "blank"),
    ];
    assert_eq!(api.patch(&id, 1, &wrong).await.expect(422).faults(), pairs(&expected));
    assert_eq!(test.events(&id).await.len(), 1);

    // A row from a time of other rules does not stand in the way of an unrelated change.
    let row = format!("update contacts set company = repeat('x', 300) where id = '{id}'");
    test.execute(&row).await;
    api.patch(&id, 1, &json!({"title": "Poet"})).await.expect(200);
}

#[tokio::test]
async fn a_patch_can_make_too_many_fields_of_few() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let fields: Value = (0..100).map(|i| (i.to_string(), json!(i))).collect();
    let id = api.create(&grace_with(&json!({"customFields": fields}))).await.expect(201).id();
    let faults = api.patch(&id, 1, &json!({"customFields": {"new": 1}})).await.expect(422).faults();
    assert_eq!(faults, pairs(&[("/customFields", "too_many")]));
    api.patch(&id, 1, &json!({"customFields": {"new": 1, "7": null}})).await.expect(200);
}

#[tokio::test]
async fn a_body_that_is_no_object_is_one_fault_of_the_whole() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    for body in [json!([]), json!("text"), json!(7), json!(true), json!(null), json!([grace()])] {
        assert_eq!(create_faults(&api, &body).await, pairs(&[("", "type")]), "{body}");
        assert_eq!(api.patch(&id, 1, &body).await.expect(422).faults(), pairs(&[("", "type")]), "{body}");
    }
}

async fn create_faults(api: &Api<'_>, body: &Value) -> Vec<(String, String)> {
    let answer = api.create(body).await.expect(422);
    assert_eq!(answer.problem(), "invalid");
    answer.faults()
}

fn grace_with(members: &Value) -> Value {
    let mut contact = grace();
    contact.as_object_mut().unwrap().append(&mut members.as_object().unwrap().clone());
    contact
}

/// An address of so many characters, each of its parts as long as it may be.
fn email(characters: usize) -> String {
    let (local, label) = ("l".repeat(64), "d".repeat(63));
    let rest = characters - local.len() - 2 * label.len() - 3;
    format!("{local}@{label}.{label}.{}", "c".repeat(rest))
}

fn pairs(faults: &[(&str, &str)]) -> Vec<(String, String)> {
    faults.iter().map(|&(pointer, code)| (pointer.to_owned(), code.to_owned())).collect()
}
