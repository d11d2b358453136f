//! Contacts: made, read, changed, deleted.

use futures::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Crm, ada, ada_with, answer, id};
use crate::support_receiver::Receiver;

#[tokio::test]
async fn a_contact_is_kept_as_it_was_made_with_what_the_crm_does_not_know() {
    let crm = Crm::alone().await;
    let made = ada_with(json!({
        "acme_external_id": "ours", "acme_tags": ["vip"], "acme_custom_fields": {"score": 1.5, "deep": {"a": []}},
        "acme_status": "Lead", "shoe_size": 38, "nothing": null, "id": "mine", "acme_version": 7,
    }));
    let response = crm.request(Method::POST, "/contacts").json(&made).send().await.expect("an answer");
    let location = response.headers()["location"].to_str().expect("ASCII").to_owned();
    let (status, record) = answer(response).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(location, format!("/contacts/{}", id(&record)));
    assert!(id(&record).starts_with("ac_"));
    assert_eq!(record["acme_version"], 1);
    assert_eq!(record["acme_updated_at"], record["acme_created_at"]);
    assert_eq!(record["acme_updated_at"].as_str().map(str::len), Some("2026-01-02T03:04:05.000006Z".len()));
    for name in ["acme_first_name", "acme_external_id", "acme_tags", "acme_custom_fields", "acme_status", "shoe_size"] {
        assert_eq!(record[name], made[name], "{name}");
    }
    assert!(record.get("nothing").is_none());
    assert_eq!(crm.get(&location).await, (StatusCode::OK, record.clone()));

    let crm = crm.restarted().await;
    assert_eq!(crm.get(&location).await, (StatusCode::OK, record), "it outlasts a restart");
}

#[tokio::test]
async fn each_change_is_a_version_and_later_than_the_one_before() {
    let crm = Crm::alone().await;
    let mut before = crm.create(&ada_with(json!({"acme_external_id": "ours", "acme_phone": "1"}))).await;
    let path = format!("/contacts/{}", id(&before));
    for version in 2..8 {
        let (method, body) = match version % 2 {
            0 => (Method::PATCH, json!({"acme_notes": version})),
            _ => (Method::PUT, ada_with(json!({"acme_company": version.to_string()}))),
        };
        let body = if version % 2 == 0 { json!({"acme_notes": body["acme_notes"].to_string()}) } else { body };
        let (status, after) = crm.send(method, &path, &body).await;
        assert_eq!((status, &after["acme_version"]), (StatusCode::OK, &json!(version)));
        assert!(after["acme_updated_at"].as_str() > before["acme_updated_at"].as_str());
        for stays in ["id", "acme_created_at", "acme_external_id"] {
            assert_eq!(after[stays], before[stays], "{stays}");
        }
        before = after;
    }
    assert!(before.get("acme_phone").is_none() && before.get("acme_notes").is_none(), "{before}");
}

#[tokio::test]
async fn what_changes_nothing_is_no_change() {
    let receiver = Receiver::open().await;
    let crm = Crm::telling(&receiver).await;
    let record = crm.create(&ada_with(json!({"acme_tags": ["a"]}))).await;
    assert_eq!(crm.patch(id(&record), &json!({"acme_tags": ["a"], "acme_title": null})).await, record);
    let (_, replaced) = crm.send(Method::PUT, &format!("/contacts/{}", id(&record)), &record).await;
    assert_eq!(replaced, record);
    crm.settled().await;
    assert_eq!(receiver.so_far().len(), 1);
}

#[tokio::test]
async fn another_version_is_a_conflict_that_shows_the_current_one() {
    let crm = Crm::alone().await;
    let record = crm.create(&ada()).await;
    let path = format!("/contacts/{}", id(&record));
    let current = crm.patch(id(&record), &json!({"acme_version": 1, "acme_title": "Countess"})).await;
    for (method, path, body) in [
        (Method::PATCH, path.clone(), json!({"acme_version": 1, "acme_title": "Lady"})),
        (Method::PUT, path.clone(), ada_with(json!({"acme_version": 3}))),
        (Method::DELETE, format!("{path}?acme_version=1"), Value::Null),
    ] {
        let (status, answer) = crm.send(method, &path, &body).await;
        assert_eq!((status, &answer["error"]), (StatusCode::CONFLICT, &json!("version_conflict")));
        assert_eq!(answer["current"], current);
    }
    let (status, _) = crm.send(Method::DELETE, &format!("{path}?acme_version=2"), &Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn changes_of_one_contact_at_once_all_land() {
    let crm = Crm::alone().await;
    let record = crm.create(&ada()).await;
    let changes = (0..20).map(|number| {
        let crm = &crm;
        let id = id(&record);
        async move { crm.patch(id, &json!({(format!("mine_{number}")): number})).await }
    });
    let mut versions: Vec<_> =
        join_all(changes).await.iter().map(|record| record["acme_version"].as_u64().expect("one")).collect();
    versions.sort_unstable();
    assert_eq!(versions, (2..22).collect::<Vec<_>>());
    let (_, last) = crm.get(&format!("/contacts/{}", id(&record))).await;
    assert!((0..20).all(|number| last[format!("mine_{number}")] == number), "{last}");
}

#[tokio::test]
async fn a_deleted_contact_is_gone() {
    let crm = Crm::alone().await;
    let record = crm.create(&ada()).await;
    crm.delete(id(&record)).await;
    let path = format!("/contacts/{}", id(&record));
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
        let (status, answer) = crm.send(method.clone(), &path, &ada()).await;
        assert_eq!((status, &answer["error"]), (StatusCode::NOT_FOUND, &json!("not_found")), "{method}");
    }
    assert_eq!(crm.count().await, 0);
}

#[tokio::test]
async fn what_is_invalid_is_refused_with_all_its_faults_and_changes_nothing() {
    let crm = Crm::alone().await;
    let (status, answer) = crm.send(Method::POST, "/contacts", &json!({"acme_email": "x", "acme_tags": 1})).await;
    assert_eq!((status, &answer["error"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("validation_failed")));
    let fields: Vec<_> = answer["fields"].as_array().expect("a list").iter().map(|fault| &fault["field"]).collect();
    assert_eq!(fields, ["acme_first_name", "acme_last_name", "acme_email", "acme_tags"]);

    let record = crm.create(&ada()).await;
    let path = format!("/contacts/{}", id(&record));
    for (method, body) in [
        (Method::PATCH, json!({"acme_email": null})),
        (Method::PUT, json!({"acme_first_name": "Ada"})),
        (Method::PATCH, json!({"acme_version": "one"})),
    ] {
        assert_eq!(crm.send(method, &path, &body).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    assert_eq!(crm.get(&path).await.1, record);
}

#[tokio::test]
async fn every_error_is_json() {
    let crm = Crm::alone().await;
    let large = format!("{{\"acme_notes\": \"{}\"}}", "x".repeat(1024 * 1024));
    for (method, path, body, status) in [
        (Method::POST, "/contacts", "{\"acme", StatusCode::BAD_REQUEST),
        (Method::POST, "/contacts", "[]", StatusCode::BAD_REQUEST),
        (Method::POST, "/contacts", large.as_str(), StatusCode::PAYLOAD_TOO_LARGE),
        (Method::PATCH, "/contacts", "{}", StatusCode::METHOD_NOT_ALLOWED),
        (Method::GET, "/leads", "", StatusCode::NOT_FOUND),
        (Method::GET, "/contacts/ac_none", "", StatusCode::NOT_FOUND),
    ] {
        let response = crm.request(method, path).body(body.to_owned()).send().await.expect("an answer");
        let (seen, answer) = answer(response).await;
        assert_eq!(seen, status, "{path} {answer}");
        assert!(answer["error"].is_string() && answer["message"].is_string(), "{path} {answer}");
    }
}
