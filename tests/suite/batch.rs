//! A batch: many contacts made or replaced at once, and what is said of each.

use crosswalk::Scope;
use futures::future::join_all;
use serde_json::{Value, json};
use support::app::{Answer, Api, TestApp, ada, charles, grace, person};
use uuid::Uuid;

#[tokio::test]
async fn each_item_is_made_or_replaced_and_told_in_order() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let there = api.create(&ada()).await.expect(201);
    let same = api.create(&charles()).await.expect(201);
    let answer =
        send(&api, json!([grace(), with_id(person("Augusta", "King"), &there), with_id(charles(), &same)])).await;
    let items = answer.expect(207).json()["items"].clone();
    let new = items[0]["id"].as_str().unwrap();
    assert_eq!(
        items,
        json!([
            {"index": 0, "status": 201, "id": new, "version": 1},
            {"index": 1, "status": 200, "id": there.id(), "version": 2},
            {"index": 2, "status": 200, "id": same.id(), "version": 1},
        ])
    );
    assert_eq!(api.get(new).await.expect(200).json()["firstName"], "Grace");
    let replaced = api.get(&there.id()).await.expect(200).json();
    assert_eq!(
        (&replaced["firstName"], &replaced["tags"], &replaced["version"]),
        (&json!("Augusta"), &json!([]), &json!(2))
    );
    assert_eq!(replaced["createdAt"], there.json()["createdAt"]);
    let events = test.events(&there.id()).await;
    assert_eq!((&events[1]["before"], &events[1]["after"]), (&there.json(), &replaced));
    assert_eq!((&events[1]["type"], &events[1]["origin"]["client"]), (&json!("updated"), &json!(api.client.id)));
    assert_eq!(test.events(&same.id()).await.len(), 1, "it was so already");
    assert!(events[1]["id"].as_i64() > test.events(new).await[0]["id"].as_i64(), "in the order of the items");
}

#[tokio::test]
async fn faulty_items_are_left_out_and_the_others_done() {
    let test = TestApp::start().await;
    let (api, stranger) = (test.api().await, test.api().await);
    let there = api.create(&ada()).await.expect(201);
    let gone = api.create(&grace()).await.expect(201);
    let theirs = stranger.create(&grace()).await.expect(201);
    api.delete(&gone.id()).await.expect(204);
    let mut stale = with_id(grace(), &there);
    stale["version"] = json!(7);
    let unknown = Uuid::now_v7().to_string();
    let items = json!([
        {"firstName": " ", "email": "nobody", "shoe": 1},
        stale,
        with_id(grace(), &gone),
        with_id(grace(), &theirs),
        {"id": unknown, "firstName": "A", "lastName": "B", "email": "a@example.com"},
        {"id": "7", "firstName": "A", "lastName": "B", "email": "a@example.com"},
        {"connection": "cn_none", "remoteId": "1", "firstName": "A", "lastName": "B", "email": "a@example.com"},
        {"connection": "cn_none", "firstName": "A", "lastName": "B", "email": "a@example.com"},
        {"id": unknown, "connection": "cn_none", "remoteId": "1", "firstName": "A", "lastName": "B", "email": "a@example.com"},
        7,
        charles(),
    ]);
    let answer = send(&api, items).await.expect(207);
    let told = |index: usize| answer.json()["items"][index].clone();
    let expected = [
        (422, "invalid"),
        (409, "version-conflict"),
        (410, "contact-deleted"),
        (404, "contact-not-found"),
        (404, "contact-not-found"),
        (404, "contact-not-found"),
        (404, "connection-not-found"),
        (422, "invalid"),
        (422, "invalid"),
        (422, "invalid"),
    ];
    for (index, (status, code)) in expected.into_iter().enumerate() {
        let item = told(index);
        assert_eq!((&item["index"], &item["status"]), (&json!(index), &json!(status)), "{item}");
        assert_eq!((&item["error"]["code"], &item["error"]["status"]), (&json!(code), &json!(status)), "{item}");
        assert_eq!((item.get("id"), item.get("version")), (None, None));
    }
    assert_eq!(told(10)["status"], 201);
    assert_eq!(told(1)["error"]["currentVersion"], 1);
    let pointers: Vec<_> = told(0)["error"]["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["pointer"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(pointers, ["/items/0/firstName", "/items/0/lastName", "/items/0/email", "/items/0/shoe"]);
    assert_eq!(test.count("contacts").await, 4);
    assert_eq!(test.count("contact_events").await, 5);
}

#[tokio::test]
async fn an_atomic_batch_is_done_whole_or_not_at_all() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let there = api.create(&ada()).await.expect(201);
    let mut stale = with_id(grace(), &there);
    stale["version"] = json!(7);
    let batch = json!({"items": [charles(), stale, {"firstName": "A"}, {"id": "x", "firstName": "A", "lastName": "B", "email": "a@b.example"}], "atomic": true});
    let answer = post(&api, &batch).await.expect(422);
    assert_eq!(answer.problem(), "invalid");
    let faults = [
        ("/items/1", "version_conflict"),
        ("/items/2/email", "required"),
        ("/items/2/lastName", "required"),
        ("/items/3", "not_found"),
    ];
    assert_eq!(answer.faults(), faults.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    assert_eq!((test.count("contacts").await, test.count("contact_events").await), (1, 1));
    let batch = json!({"items": [charles(), with_id(grace(), &there)], "atomic": true});
    let statuses = statuses(&post(&api, &batch).await.expect(207));
    assert_eq!(statuses, [201, 200]);
}

#[tokio::test]
async fn the_same_contact_twice_is_a_fault_of_the_second() {
    let test = TestApp::start().await;
    let api = test.api().await;
    connect(&api, "cn_one").await;
    let one = api.create(&ada()).await.expect(201);
    let record = |name: &str, id: &str| {
        let mut contact = person(name, "Smith");
        contact["connection"] = json!("cn_one");
        contact["remoteId"] = json!(id);
        contact
    };
    send(&api, json!([record("linked", "7")])).await.expect(207);
    let linked =
        api.ask("GET", "/contacts?connection=cn_one&remoteId=7").send().await.expect(200).json()["items"][0].clone();
    let mut by_id = person("again", "Smith");
    by_id["id"] = linked["id"].clone();
    let items = json!([
        with_id(grace(), &one),
        with_id(charles(), &one),
        record("new", "8"),
        record("again", "8"),
        record("changed", "7"),
        by_id,
        grace(),
        grace(),
    ]);
    let answer = send(&api, items).await.expect(207);
    assert_eq!(statuses(&answer), [200, 422, 201, 422, 200, 422, 201, 201]);
    let fault = &answer.json()["items"][1]["error"]["errors"][0];
    assert_eq!((&fault["pointer"], &fault["code"]), (&json!("/items/1"), &json!("duplicate")));
    assert_eq!(test.contact_row(&one.id()).await["first_name"], "Grace");
}

#[tokio::test]
async fn a_contact_is_named_by_its_record_and_made_with_a_link_if_there_is_none() {
    let test = TestApp::start().await;
    let (api, stranger) = (test.api().await, test.api().await);
    connect(&api, "cn_one").await;
    let mut contact = grace();
    contact["connection"] = json!("cn_one");
    contact["remoteId"] = json!("remote/7");
    let created = send(&api, json!([contact])).await.expect(207);
    assert_eq!(statuses(&created), [201]);
    let id = created.json()["items"][0]["id"].as_str().unwrap().to_owned();
    let shown = api.ask("GET", &format!("/contacts/{id}?include=links")).send().await.expect(200).json();
    assert_eq!(shown["links"], json!([{"connection": "cn_one", "remoteId": "remote/7", "state": "pending"}]));
    contact["title"] = json!("Rear Admiral");
    let replaced = send(&api, json!([contact])).await.expect(207).json();
    assert_eq!(replaced["items"], json!([{"index": 0, "status": 200, "id": id, "version": 2}]));
    assert_eq!(statuses(&send(&stranger, json!([contact])).await.expect(207)), [404], "it is no connection of theirs");
    assert_eq!((test.count("contacts").await, test.count("links").await), (1, 1));
}

#[tokio::test]
async fn a_body_that_is_no_batch_is_refused() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let many = |n: usize| Value::Array((0..n).map(|n| person("A", &n.to_string())).collect());
    for (body, faults) in [
        (json!([]), vec![("", "type")]),
        (json!({}), vec![("/items", "required")]),
        (json!({"items": {}, "atomic": 1}), vec![("/atomic", "type"), ("/items", "type")]),
        (json!({"items": [], "dryRun": true}), vec![("/dryRun", "unknown")]),
        (json!({"items": many(501)}), vec![("/items", "too_many")]),
    ] {
        let answer = post(&api, &body).await.expect(422);
        let expected: Vec<_> = faults.into_iter().map(|(at, code)| (at.to_owned(), code.to_owned())).collect();
        assert_eq!(answer.faults(), expected);
    }
    assert_eq!(post(&api, &json!({"items": []})).await.expect(207).json(), json!({"items": []}));
    assert_eq!(post(&api, &json!({"items": ["x".repeat(5 << 20)]})).await.expect(413).problem(), "body-too-large");
    assert_eq!(test.count("contacts").await, 0);
    let answer = post(&api, &json!({"items": many(500)})).await.expect(207);
    assert!(statuses(&answer).iter().all(|status| *status == 201));
    assert_eq!(test.count("contacts").await, 500);
}

#[tokio::test]
async fn everything_a_contact_can_hold_survives_a_batch() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut contact = ada();
    contact["customFields"] =
        json!({"large": 1e300, "small": 5e-324, "big": u64::MAX, "e": "é\"\\", "é": -0.5, "flag": false});
    contact["notes"] = json!("line\n\ttab \u{1f9ee} '; --");
    contact["tags"] = json!(["a,b", "{c}", "\"d\"", "null"]);
    let one = api.create(&contact).await.expect(201).json();
    let batch = send(&api, json!([contact])).await.expect(207).json();
    let id = batch["items"][0]["id"].as_str().unwrap();
    let mut other = api.get(id).await.expect(200).json();
    for name in ["id", "createdAt", "updatedAt"] {
        other[name] = one[name].clone();
    }
    assert_eq!(other, one);
    let same = send(&api, json!([{"id": id, "firstName": "x"}, one])).await.expect(207);
    assert_eq!(statuses(&same), [422, 200]);
    assert_eq!(same.json()["items"][1]["version"], 1, "what was read and is sent back changes nothing");
}

#[tokio::test]
async fn one_key_makes_one_batch_from_however_many_sides() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let there = api.create(&ada()).await.expect(201);
    let mut replaced = with_id(grace(), &there);
    replaced["version"] = json!(1);
    let batch = json!({"items": [charles(), replaced, {"firstName": "A"}]});
    let answers = join_all((0..6).map(|_| keyed(&api, "one", &batch))).await;
    let first: Vec<_> = answers.iter().filter(|answer| answer.header("idempotent-replayed").is_empty()).collect();
    assert_eq!(first.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.status == 207 && answer.body == first[0].body));
    assert_eq!(statuses(first[0]), [201, 200, 422]);
    assert_eq!((test.count("contacts").await, test.events(&there.id()).await.len()), (2, 2));

    let other = json!({"items": [charles()]});
    assert_eq!(keyed(&api, "one", &other).await.expect(422).problem(), "idempotency-key-reused");
    // What was refused leaves the key free.
    let faulty = json!({"items": [charles(), 7], "atomic": true});
    keyed(&api, "two", &faulty).await.expect(422);
    assert_eq!(statuses(&keyed(&api, "two", &other).await.expect(207)), [201]);
    // A key of one route is none of another's.
    let created = api.ask("POST", "/contacts").header("idempotency-key", "one").json(&grace()).send().await.expect(201);
    assert_eq!(created.header("idempotent-replayed"), "");
}

#[tokio::test]
async fn faults_are_answered_again_though_they_are_not_stored_with_the_key() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut faulty = grace();
    for n in 0..200 {
        faulty[format!("unknown{n}")] = json!(n);
    }
    let batch = json!({"items": [charles(), faulty, {"id": "of no contact", "firstName": "A", "lastName": "B",
                                 "email": "a@example.com"}, 7, faulty]});
    let first = keyed(&api, "one", &batch).await.expect(207);
    assert_eq!(statuses(&first), [201, 422, 404, 422, 422]);
    let again = keyed(&api, "one", &batch).await.expect(207);
    assert_eq!((again.header("idempotent-replayed"), &again.body), ("true", &first.body));
    assert!(first.body.len() > 20_000, "{}", first.body.len());
    assert_eq!(test.count("idempotency_keys where octet_length(body) < 1000").await, 1, "the faults are not stored");
}

#[tokio::test]
async fn who_may_only_read_or_nothing_is_refused() {
    let test = TestApp::start().await;
    let reader = test.api_with(&[Scope::ContactsRead]).await;
    assert_eq!(post(&reader, &json!({"items": [grace()]})).await.expect(403).problem(), "scope-missing");
    let without = test.ask("POST", "/contacts/batch").json(&json!({"items": [grace()]})).send().await.expect(401);
    assert_eq!(without.problem(), "token-missing");
    assert_eq!(test.count("contacts").await, 0);
}

async fn send(api: &Api<'_>, items: Value) -> Answer {
    post(api, &json!({"items": items})).await
}

async fn post(api: &Api<'_>, batch: &Value) -> Answer {
    api.ask("POST", "/contacts/batch").json(batch).send().await
}

async fn keyed(api: &Api<'_>, key: &str, batch: &Value) -> Answer {
    api.ask("POST", "/contacts/batch").header("idempotency-key", key).json(batch).send().await
}

async fn connect(api: &Api<'_>, id: &str) {
    api.test
        .execute(&format!(
            "insert into connections (tenant_id, id, crm, base_url, secret_name)
             values ('{}', '{id}', 'acme', 'http://localhost', 'none')",
            api.client.tenant
        ))
        .await;
}

fn with_id(mut contact: Value, of: &Answer) -> Value {
    contact["id"] = json!(of.id());
    contact
}

fn statuses(answer: &Answer) -> Vec<u64> {
    answer.json()["items"].as_array().unwrap().iter().map(|item| item["status"].as_u64().unwrap()).collect()
}
