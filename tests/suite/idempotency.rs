//! One `Idempotency-Key`, one contact, however often and from wherever the request is sent.

use std::time::Duration;

use crosswalk::Scope;
use futures::future::join_all;
use serde_json::{Value, json};
use support::app::{Answer, Api, TestApp, ada, charles, grace};
use support::wait::eventually;
use tokio_postgres::Transaction;
use uuid::Uuid;

const KEY: &str = "9f1c2b1e-order-7";

#[tokio::test]
async fn the_first_answer_is_given_again_byte_by_byte() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let first = create(&api, KEY, &ada()).await.expect(201);
    assert_eq!(first.header("idempotent-replayed"), "");
    api.patch(&first.id(), 1, &json!({"title": "Poet"})).await.expect(200);
    for key in [KEY.to_owned(), format!("\"{KEY}\"")] {
        let again = create(&api, &key, &ada()).await.expect(201);
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.body, first.body);
        for name in ["location", "etag", "content-type"] {
            assert_eq!(again.header(name), first.header(name), "{name}");
        }
    }
    assert_eq!((test.count("contacts").await, test.events(&first.id()).await.len()), (1, 2));
}

#[tokio::test]
async fn the_same_meaning_in_another_form_is_the_same_request() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let forms = [
        r#"{"firstName":"Ada","lastName":"Lovelace","email":"ada@example.com","customFields":{"n":7,"e":"é"}}"#,
        r#" {"email": "ada@example.com", "customFields": {"e": "\u00e9", "n": 7.0}, "lastName": "Lovelace",
            "firstName": "Ada"} "#,
        r#"{"customFields":{"n":0.7e1,"e":"é"},"firstName":"\u0041da","lastName":"Lovelace","email":"ada@example.com"}"#,
    ];
    for (index, form) in forms.into_iter().enumerate() {
        let ask =
            api.ask("POST", "/contacts").header("idempotency-key", KEY).header("content-type", "application/json");
        let answer = ask.body(form).send().await.expect(201);
        assert_eq!(answer.header("idempotent-replayed") == "true", index > 0);
    }
    assert_eq!(test.count("contacts").await, 1);
}

#[tokio::test]
async fn another_body_under_the_key_is_refused() {
    let test = TestApp::start().await;
    let api = test.api().await;
    create(&api, KEY, &ada()).await.expect(201);
    let mut nearly = ada();
    nearly["customFields"]["born"] = json!("1815");
    for body in [grace(), nearly] {
        assert_eq!(create(&api, KEY, &body).await.expect(422).problem(), "idempotency-key-reused");
    }
    assert_eq!(test.count("contacts").await, 1);
}

#[tokio::test]
async fn a_key_belongs_to_its_client() {
    let test = TestApp::start().await;
    let one = test.api().await;
    let colleague = Api::of(&test, test.client_of(&one.client.tenant, &Scope::ALL).await).await;
    let stranger = test.api().await;
    for api in [one, colleague, stranger] {
        let answer = create(&api, KEY, &ada()).await.expect(201);
        assert_eq!(answer.header("idempotent-replayed"), "");
        assert_eq!(api.get(&answer.id()).await.expect(200).id(), answer.id());
    }
    assert_eq!(test.count("contacts").await, 3);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let test = TestApp::start().await;
    let api = test.api().await;
    for key in ["", "\"\"", "two words", "naïve", &"x".repeat(256)] {
        assert_eq!(create(&api, key, &ada()).await.expect(400).problem(), "malformed", "{key}");
    }
    create(&api, &"x".repeat(255), &ada()).await.expect(201);
    assert_eq!(test.count("contacts").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_from_eight_sides_makes_one_contact() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let other = api.at(test.another_instance());
    for round in 0..10 {
        let key = format!("round-{round}");
        let send = async |side| create(if side % 2 == 0 { &api } else { &other }, &key, &ada()).await.expect(201);
        let answers = join_all((0..8).map(send)).await;
        let first: Vec<_> = answers.iter().filter(|answer| answer.header("idempotent-replayed").is_empty()).collect();
        assert_eq!(first.len(), 1);
        assert!(answers.iter().all(|answer| answer.body == first[0].body));
        assert_eq!(test.events(&first[0].id()).await.len(), 1);
        assert_eq!(test.count("contacts").await, round + 1);
    }
}

#[tokio::test]
async fn while_the_first_is_being_worked_on_the_second_waits_and_then_gives_up() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let role = test.database.credentials().username;
    let database = test.database.name();
    test.execute(&format!("alter role {role} in database {database} set lock_timeout = '200ms'")).await;

    // The first request, stopped before its commit.
    let mut first = test.database.connect().await;
    let transaction = first.transaction().await.unwrap();
    claim(&transaction, &api, &ada()).await;
    let refused = create(&api, KEY, &ada()).await.expect(409);
    assert_eq!(refused.problem(), "idempotency-key-in-flight");
    // It never was; so the key is free, and the next one is the first.
    transaction.rollback().await.unwrap();
    let created = create(&api, KEY, &ada()).await.expect(201);
    assert_eq!((created.header("idempotent-replayed"), test.count("contacts").await), ("", 1));
}

#[tokio::test]
async fn who_waits_gets_the_first_answer_once_it_is_there() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut first = test.database.connect().await;
    let transaction = first.transaction().await.unwrap();
    let kept = claim(&transaction, &api, &ada()).await;
    let commit = async {
        eventually("the second request to wait for the first", Duration::from_secs(2), async || {
            let waiting =
                "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
            test.sql.query_opt(waiting, &[]).await.unwrap().is_some()
        })
        .await;
        transaction.commit().await.unwrap();
    };
    let contact = ada();
    let (answer, ()) = tokio::join!(create(&api, KEY, &contact), commit);
    let answer = answer.expect(201);
    assert_eq!((answer.header("idempotent-replayed"), answer.json()), ("true", kept));
    assert_eq!(test.count("contacts").await, 0, "the second made nothing");
}

#[tokio::test]
async fn a_key_is_free_again_after_a_day() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let first = create(&api, KEY, &ada()).await.expect(201);
    age(&test, "23 hours 59 minutes").await;
    assert_eq!(create(&api, KEY, &ada()).await.expect(201).id(), first.id());
    age(&test, "24 hours 1 minute").await;
    let second = create(&api, KEY, &charles()).await.expect(201);
    assert_eq!((second.header("idempotent-replayed"), second.id() == first.id()), ("", false));
    let again = create(&api, KEY, &charles()).await.expect(201);
    assert_eq!((again.header("idempotent-replayed"), again.id()), ("true", second.id()));
}

#[tokio::test]
async fn a_request_that_was_refused_leaves_the_key_free() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let reader = Api::of(&test, test.client_of(&api.client.tenant, &[Scope::ContactsRead]).await).await;
    create(&api, KEY, &json!({"firstName": "Ada"})).await.expect(422);
    create(&reader, KEY, &ada()).await.expect(403);
    assert_eq!(test.count("idempotency_keys").await, 0);
    assert_eq!(create(&api, KEY, &ada()).await.expect(201).header("idempotent-replayed"), "");
}

async fn create(api: &Api<'_>, key: &str, contact: &Value) -> Answer {
    api.ask("POST", "/contacts").header("idempotency-key", key).json(contact).send().await
}

/// Takes the key as another request with this body does, and gives the answer that it keeps.
async fn claim(transaction: &Transaction<'_>, api: &Api<'_>, contact: &Value) -> Value {
    let sql = "insert into idempotency_keys (tenant_id, client_id, route, key, fingerprint, status, body, created_at)
         values ($1, $2, 'create-contact', $3, sha256(convert_to($4, 'UTF8')), 201, $5, now())";
    let kept = json!({"id": Uuid::now_v7(), "version": 1});
    let (meaning, answer) = (crosswalk::contacts::canonical(contact), kept.to_string());
    transaction.execute(sql, &[&api.client.tenant, &api.client.id, &KEY, &meaning, &answer]).await.unwrap();
    kept
}

async fn age(test: &TestApp, by: &str) {
    test.execute(&format!("update idempotency_keys set created_at = now() - interval '{by}'")).await;
}
