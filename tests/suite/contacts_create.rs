//! Creating a contact: the answer, what is kept of it, and the event that tells of it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use support::app::{Api, TestApp, ada, grace};
use uuid::Uuid;

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn the_answer_is_the_whole_contact_and_says_where_it_is() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let answer = api.create(&ada()).await.expect(201);
    assert_eq!(answer.header("location"), format!("/contacts/{}", answer.id()));
    assert_eq!(answer.header("etag"), "\"1\"");
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("idempotent-replayed"), "");
    assert_eq!(answer.json(), with_what_we_set(ada(), &answer.json()));
}

#[tokio::test]
async fn what_is_not_given_is_absent_or_has_its_default() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let created = api.create(&grace()).await.expect(201).json();
    let mut expected = grace();
    expected["status"] = json!("active");
    expected["tags"] = json!([]);
    expected["customFields"] = json!({});
    assert_eq!(created, with_what_we_set(expected, &created));
}

#[tokio::test]
async fn text_is_trimmed_and_blank_text_is_absent() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let created = create_grace_with(
        &api,
        &json!({
            "firstName": "  Grace\t",
            "lastName": "\u{a0}Hopper\n",
            "company": "   ",
            "title": null,
            "phone": "",
            "notes": " first\n\tsecond ",
            "address": {"city": " ", "country": " US "},
        }),
    )
    .await;
    assert_eq!((&created["firstName"], &created["lastName"]), (&json!("Grace"), &json!("Hopper")));
    assert_eq!(created["notes"], "first\n\tsecond");
    assert_eq!(created["address"], json!({"country": "US"}));
    for absent in ["company", "title", "phone"] {
        assert_eq!(created.get(absent), None, "{absent}");
    }
}

#[tokio::test]
async fn an_address_without_a_part_is_none() {
    let test = TestApp::start().await;
    let api = test.api().await;
    for empty in [json!({}), json!({"street": null, "city": " "}), json!(null)] {
        let created = create_grace_with(&api, &json!({"address": empty})).await;
        assert_eq!(created.get("address"), None, "{empty}");
    }
}

#[tokio::test]
async fn an_email_keeps_its_local_part_and_its_domain_is_lower_cased() {
    let test = TestApp::start().await;
    let api = test.api().await;
    for (given, kept) in [
        (" Grace.Hopper@Navy.EXAMPLE.com ", "Grace.Hopper@navy.example.com"),
        ("δοκιμή@ΠΑΡΆΔΕΙΓΜΑ.gr", "δοκιμή@παράδειγμα.gr"),
        ("o'hara+list@bücher.example", "o'hara+list@bücher.example"),
    ] {
        let created = create_grace_with(&api, &json!({"email": given})).await;
        assert_eq!(created["email"], kept);
    }
}

#[tokio::test]
async fn a_phone_is_kept_as_e164_where_it_is_one_and_else_as_given() {
    let test = TestApp::start().await;
    let api = test.api().await;
    for (given, kept) in [
        ("(415) 555-2671", "+14155552671"),
        ("+49 30 901820", "+4930901820"),
        ("ask at the desk", "ask at the desk"),
        ("+1 415 555 2671 ext. 5", "+1 415 555 2671 ext. 5"),
    ] {
        let created = create_grace_with(&api, &json!({"phone": given})).await;
        assert_eq!(created["phone"], kept);
    }
}

#[tokio::test]
async fn tags_are_a_set_in_the_order_given() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let created = create_grace_with(&api, &json!({"tags": ["navy", "cobol", " navy ", "Navy"]})).await;
    assert_eq!(created["tags"], json!(["navy", "cobol", "Navy"]));
}

#[tokio::test]
async fn a_number_has_one_form_in_the_answer_and_in_the_database() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let fields = json!({
        "whole": 7.0, "half": 0.5, "large": 1e17, "larger": 1.234_567_890_123_456_7e18, "huge": 1e300, "tiny": 5e-324,
        "most": u64::MAX, "least": i64::MIN, "negative zero": -0.0, "gone": null,
    });
    let created = create_grace_with(&api, &json!({"customFields": fields})).await;
    assert_eq!(created["customFields"]["whole"].to_string(), "7");
    assert_eq!(created["customFields"]["negative zero"].to_string(), "0");
    assert_eq!(created["customFields"].get("gone"), None);

    let id = created["id"].as_str().unwrap();
    let past_the_cache = api.ask("GET", &format!("/contacts/{id}?include=links")).send().await.expect(200);
    assert_eq!(past_the_cache.header("x-cache"), "miss");
    assert_eq!(past_the_cache.json()["customFields"].to_string(), created["customFields"].to_string());
    let again = api.patch(id, 1, &json!({"customFields": fields})).await.expect(200);
    assert_eq!(again.json()["version"], 1, "the same numbers change nothing");
}

#[tokio::test]
async fn members_that_only_we_set_are_taken_and_ignored() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let first = api.create(&ada()).await.expect(201).json();
    let mut copy = first.clone();
    copy["links"] = json!([{"connection": "cn_a"}]);
    copy["deletedAt"] = json!("2020-01-01T00:00:00Z");
    copy["version"] = json!(9);
    let second = api.create(&copy).await.expect(201).json();
    assert_ne!(second["id"], first["id"]);
    assert_eq!(second, with_what_we_set(ada(), &second));
}

#[tokio::test]
async fn the_row_and_its_event_are_written_together() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let answer = api.ask("POST", "/contacts").header("traceparent", TRACE).json(&ada()).send().await.expect(201);
    let contact = answer.json();

    let row = test.contact_row(&answer.id()).await;
    assert_eq!((&row["tenant_id"], &row["version"]), (&json!(api.client.tenant), &json!(1)));
    assert_eq!((&row["first_name"], &row["address"]), (&contact["firstName"], &contact["address"]));
    assert_eq!((&row["tags"], &row["custom_fields"]), (&contact["tags"], &contact["customFields"]));
    assert_eq!(row["deleted_at"], Value::Null);

    let [event] = test.events(&answer.id()).await.try_into().unwrap();
    assert_eq!((&event["type"], &event["version"]), (&json!("created"), &json!(1)));
    assert_eq!((&event["before"], &event["after"]), (&Value::Null, &contact));
    assert_eq!(event["tenant_id"], api.client.tenant);
    assert_eq!(event["origin"], json!({"kind": "api", "client": api.client.id}));
    assert_eq!(event["traceparent"], TRACE);
    assert_eq!(event["published_at"], Value::Null);
    let every_member = [
        "address",
        "company",
        "customFields",
        "email",
        "firstName",
        "lastName",
        "notes",
        "phone",
        "status",
        "tags",
        "title",
    ];
    assert_eq!(event["changed_fields"], json!(every_member));
    assert_eq!(time(&event["occurred_at"]), time(&contact["createdAt"]));
    let name: Uuid = event["ce_id"].as_str().unwrap().parse().unwrap();
    assert_eq!(name.get_version_num(), 7);
}

#[tokio::test]
async fn a_trace_that_is_none_is_no_reason_to_refuse() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let ask = api.ask("POST", "/contacts").header("traceparent", "00-of-no-use");
    let id = ask.json(&grace()).send().await.expect(201).id();
    assert_eq!(test.events(&id).await[0]["traceparent"], Value::Null);
}

#[tokio::test]
async fn only_json_is_taken() {
    let test = TestApp::start().await;
    let api = test.api().await;
    for media_type in ["text/plain", "application/merge-patch+json", "application/jsonp", ""] {
        let ask = api.ask("POST", "/contacts").header("content-type", media_type).body(grace().to_string());
        assert_eq!(ask.send().await.expect(415).problem(), "unsupported-media-type", "{media_type}");
    }
    let ask = api.ask("POST", "/contacts").header("content-type", "Application/JSON; charset=utf-8");
    ask.body(grace().to_string()).send().await.expect(201);
}

async fn create_grace_with(api: &Api<'_>, members: &Value) -> Value {
    let mut contact = grace();
    contact.as_object_mut().unwrap().append(&mut members.as_object().unwrap().clone());
    api.create(&contact).await.expect(201).json()
}

/// The contact with the members that only we set, taken from the answer once their form is checked.
fn with_what_we_set(mut contact: Value, answer: &Value) -> Value {
    let id: Uuid = answer["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(id.get_version_num(), 7);
    assert!(time(&answer["createdAt"]).duration_until(Timestamp::now()).unsigned_abs() < Duration::from_mins(1));
    contact["id"] = json!(id);
    contact["version"] = json!(1);
    contact["createdAt"] = answer["createdAt"].clone();
    contact["updatedAt"] = answer["createdAt"].clone();
    contact
}

fn time(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}
