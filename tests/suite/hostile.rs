//! Bodies, headers and parameters that are made to break something: a problem that names the place, never a failure of
//! ours, and nothing stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crosswalk::contact::{Filter, Sort, SortKey};
use crosswalk::db::{conflicts, sync_failures};
use serde_json::{Value, json};
use support::app::{Answer, Api, TestApp, ada, grace};
use uuid::Uuid;

const PATH: &str = "/contacts";

#[tokio::test]
async fn hand_made_cursor_with_an_impossible_position_is_rejected_by_every_list() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let (tenant, contact) = (&api.client.tenant, api.create(&grace()).await.expect(201).id());
    let failures = json!(["failures", tenant, sync_failures::Filter::default()]).to_string();
    let conflicts = json!(["conflicts", tenant, conflicts::Filter::default()]).to_string();
    let webhooks = json!(["webhooks", tenant, crosswalk::webhooks::Filter::default()]).to_string();
    let history = format!("history\0{tenant}\0{contact}");
    let by = |key| json!(["contacts", tenant, Filter::default(), Sort { key, descending: false }]).to_string();
    let (by_time, by_name) = (by(SortKey::CreatedAt), by(SortKey::LastName));
    let (now, id) = ("2026-01-01T00:00:00Z", Uuid::nil());
    let history_path = format!("/contacts/{contact}/history?");
    let lists: [(&str, &str, Value, Vec<Value>); 6] = [
        (
            "/sync-failures?",
            &failures,
            json!(["cn_a", id]),
            vec![
                json!(["a\0b", id]),
                json!(["\0", id]),
                json!(["", id]),
                json!(["cn_a", "x"]),
                json!([7, id]),
                json!("cn_a"),
            ],
        ),
        (
            "/sync-conflicts?",
            &conflicts,
            json!(7),
            vec![json!(0), json!(-1), json!(i64::MIN), json!(1e300), json!("7")],
        ),
        (
            "/webhook-events?",
            &webhooks,
            json!([now, 1]),
            vec![
                json!(["-009999-01-02T01:59:59Z", 1]),
                json!(["0000-01-01T00:00:00Z", 1]),
                json!(["+012026-01-01T00:00:00Z", 1]),
                json!([now, 0]),
                json!([now, i64::MIN]),
                json!(["yesterday", 1]),
                json!([now]),
            ],
        ),
        (&history_path, &history, json!(7), vec![json!(0), json!(-1), json!(i32::MIN), json!(1_u64 << 40)]),
        (
            "/contacts?sort=createdAt&",
            &by_time,
            json!([now, id]),
            vec![json!(["-009999-01-02T01:59:59Z", id]), json!(["\0", id]), json!(["", id]), json!([now, "x"])],
        ),
        ("/contacts?sort=lastName&", &by_name, json!(["Hopper", id]), vec![json!(["a\0", id]), json!([null, id])]),
    ];
    for (path, question, possible, impossible) in lists {
        let ask = async |position: &Value| {
            let cursor = cursor(&test, question, position).await;
            api.ask("GET", &format!("{path}cursor={cursor}")).send().await
        };
        ask(&possible).await.expect(200);
        for position in impossible {
            assert_eq!(ask(&position).await.expect(400).problem(), "malformed", "{path} {position}");
        }
    }
}

/// A cursor as the service makes it, which anybody can: its checksum has no secret.
async fn cursor(test: &TestApp, question: &str, position: &Value) -> String {
    let position = position.to_string();
    let signed = [question.as_bytes(), b"\0", position.as_bytes()].concat();
    let row = test.sql.query_one("select substr(sha256($1), 1, 12)", &[&signed]).await.unwrap();
    URL_SAFE_NO_PAD.encode([row.get::<_, Vec<u8>>(0), position.into_bytes()].concat())
}

#[tokio::test]
async fn broken_syntax_is_refused_with_its_place() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let deep = |depth: usize| format!("{{\"customFields\": {}{}}}", "[".repeat(depth), "]".repeat(depth));
    let bodies = [
        (String::new(), "empty"),
        (" \n ".to_owned(), "line 2 column 1"),
        ("{".to_owned(), "line 1 column 1"),
        ("{\"firstName\": \"Ada\",}".to_owned(), "line 1 column 21"),
        ("{\n\"firstName\": 'Ada'}".to_owned(), "line 2 column 14"),
        ("\u{feff}{}".to_owned(), "line 1 column 1"),
        ("{} {}".to_owned(), "line 1 column 4"),
        ("{\"firstName\": \"A\nda\"}".to_owned(), "control character"),
        ("{\"firstName\": \"\\ud83d\"}".to_owned(), "line 1 column"),
        ("{\"firstName\": \"\\udc00\\ud800\"}".to_owned(), "line 1 column"),
        ("{\"firstName\": \"\\x41\"}".to_owned(), "line 1 column"),
        ("{\"firstName\": NaN}".to_owned(), "line 1 column"),
        ("{\"firstName\": \"Ada\", \"firstName\": \"Eve\"}".to_owned(), "twice at line 1 column"),
        ("{\"customFields\": {\"a\": 1, \"\\u0061\": 2}}".to_owned(), "twice at line 1 column"),
        ("{\"customFields\": {\"n\": 1e400}}".to_owned(), "number out of range at line 1 column"),
        ("{\"customFields\": {\"n\": -1e99999999999}}".to_owned(), "number out of range at line 1 column"),
        (deep(200), "recursion limit exceeded at line 1 column"),
        (deep(100_000), "recursion limit exceeded at line 1 column"),
        ("[".repeat(100_000), "recursion limit exceeded at line 1 column"),
    ];
    let id = api.create(&grace()).await.expect(201).id();
    for (body, place) in bodies {
        let shown: String = body.chars().take(60).collect();
        for answer in [send(&api, body.clone()).await, patch(&api, &id, &body).await] {
            assert_eq!(answer.status, 400, "{shown}: {answer:?}");
            assert_eq!(answer.problem(), "malformed", "{shown}");
            let detail = answer.json()["detail"].to_string();
            assert!(detail.contains(place), "{shown}: {detail}");
            assert!(!detail.contains("Ada"), "{detail}");
        }
    }
    assert_stored(&test, 1).await;
}

#[tokio::test]
async fn a_body_that_has_more_faults_than_can_be_told_is_answered_in_brief() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let connection = test.past().connection(&api.client.tenant).await;
    let name = "n".repeat(130_000);
    let nul = json!({name: vec!["\0"; 9_000]});
    let record = api.ask("PUT", &format!("/connections/{connection}/contacts/7")).json(&nul).send().await;
    let unknown: Value = (0..100).map(|n| (format!("x{n}"), json!(1))).collect();
    let batch = json!({"items": vec![unknown; 500], "atomic": true});
    let batch = api.ask("POST", "/contacts/batch").json(&batch).send().await;
    for answer in [record, batch] {
        assert_eq!((answer.status, answer.problem()), (422, "invalid".to_owned()));
        assert!((100_000..5_000_000).contains(&answer.body.len()), "{}", answer.body.len());
        let codes: Vec<_> = answer.faults().into_iter().map(|(_, code)| code).collect();
        assert!(codes.iter().any(|code| code == "too_many_faults"), "{}", codes.len());
    }
    assert_stored(&test, 0).await;
}

#[tokio::test]
async fn a_record_that_is_too_deep_or_has_too_much_in_it_is_refused() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let connection = test.past().connection(&api.client.tenant).await;
    let path = format!("/connections/{connection}/contacts/7");
    let put = async |extra: Value| {
        let mut record = support::remote::record("7");
        record["extra"] = extra;
        api.ask("PUT", &path).json(&record).send().await
    };
    let nested = |levels: usize| (1..levels).fold(json!([]), |inner, _| json!([inner]));
    for too_much in [nested(64), nested(120), json!(vec![0; 10_000])] {
        let answer = put(too_much).await.expect(422);
        assert_eq!(answer.faults(), [(String::new(), "too_large".to_owned())]);
    }
    assert_stored(&test, 0).await;
    // What is kept can be read, changed and read again.
    let id = put(nested(63)).await.expect(201).id();
    api.patch(&id, 1, &json!({"title": "Countess"})).await.expect(200);
    let shown = api.ask("GET", &path).send().await.expect(200).json();
    assert_eq!((&shown["acme_title"], &shown["extra"]), (&json!("Countess"), &nested(63)));
    assert_eq!(put(nested(63)).await.expect(200).json()["version"], 2);
}

#[tokio::test]
async fn a_body_of_more_values_than_memory_is_for_is_refused() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let many = format!("{{\"items\": [{}{{}}]}}", "{\"\":0},".repeat(400_000));
    let answer = api.ask("POST", "/contacts/batch").header("content-type", "application/json").body(many).send().await;
    assert_eq!((answer.status, answer.problem()), (400, "malformed".to_owned()));
    let detail = answer.json()["detail"].to_string();
    assert!(detail.contains("too many values at line 1 column"), "{detail}");
}

#[tokio::test]
async fn what_is_not_utf8_is_refused_with_its_place() {
    let test = TestApp::start().await;
    let api = test.api().await;
    for bytes in [&b"\xff"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x82"] {
        let body = [b"{\"firstName\": \"", bytes, b"\"}"].concat();
        let answer = send(&api, body).await.expect(400);
        assert_eq!(
            (answer.problem(), &answer.json()["detail"]),
            ("malformed".into(), &json!("The body is not UTF-8 at byte 15."))
        );
    }
    let utf16: Vec<u8> = ada().to_string().encode_utf16().flat_map(u16::to_le_bytes).collect();
    send(&api, utf16).await.expect(400);
    assert_stored(&test, 0).await;
}

#[tokio::test]
async fn characters_that_are_none_for_people_are_refused_where_they_stand() {
    let test = TestApp::start().await;
    let api = test.api().await;
    for character in ["\u{0}", "\u{1b}", "\u{7f}", "\u{85}", "\u{9f}"] {
        let bad = format!("a{character}b");
        let body = json!({
            "firstName": bad, "lastName": bad, "email": format!("a{character}b@example.com"), "phone": bad,
            "company": bad, "title": bad, "address": {"street": bad}, "notes": bad, "tags": [bad],
            "customFields": {"value": bad, (bad.clone()): 1},
        });
        let answer = api.create(&body).await.expect(422);
        let faults = answer.faults();
        assert_eq!(faults.len(), 11, "{character:?}: {faults:?}");
        assert!(faults.iter().all(|(_, code)| code == "control_character"), "{faults:?}");
    }
    for name in ["firstName", "company", "title"] {
        let mut lines = grace();
        lines[name] = json!("one\ntwo");
        assert_eq!(
            api.create(&lines).await.expect(422).faults(),
            [(format!("/{name}"), "control_character".to_owned())]
        );
    }
    assert_stored(&test, 0).await;
}

#[tokio::test]
async fn text_in_any_script_comes_back_as_it_was_sent() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let any =
        "Ada 👩‍💻 עדה عادة \u{202e}evil\u{202c} 𝔸 e\u{301} \u{ffff} '; drop table contacts; -- \\u0000 %00 ${x} {{y}}";
    let mut contact = grace();
    contact["notes"] = json!(any);
    contact["customFields"] = json!({(any): any});
    let created = api.create(&contact).await.expect(201);
    assert_eq!((&created.json()["notes"], &created.json()["customFields"]), (&json!(any), &json!({(any): any})));
    let stored = api.ask("GET", &format!("/contacts/{}?include=links", created.id())).send().await.expect(200);
    assert_eq!(stored.json()["customFields"], created.json()["customFields"]);
    assert_eq!(test.contact_row(&created.id()).await["notes"], any);
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit_and_not_beyond() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let limit = 256 * 1024;
    let padded = |bytes: usize| format!("{}{}", ada(), " ".repeat(bytes - ada().to_string().len()));
    let id = send(&api, padded(limit)).await.expect(201).id();
    for answer in [send(&api, padded(limit + 1)).await, patch(&api, &id, &padded(limit + 1)).await] {
        assert_eq!(answer.expect(413).problem(), "body-too-large");
    }
    assert_eq!(send(&api, "x".repeat(5_000_000)).await.expect(413).problem(), "body-too-large");
    assert_stored(&test, 1).await;
}

#[tokio::test]
async fn a_body_that_the_gateway_encoded_is_decoded() {
    let test = TestApp::start().await;
    let api = test.api().await;
    // The gateway knows few media types as text; this one it encodes, whatever is in it.
    let ask = api.ask("POST", PATH).header("content-type", "APPLICATION/JSON");
    assert_eq!(ask.body(ada().to_string()).send().await.expect(201).json()["firstName"], "Ada");
}

#[tokio::test]
async fn many_faults_are_all_told_and_many_members_are_no_failure() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut members: serde_json::Map<_, _> = (0..10_000).map(|i| (format!("m{i}"), json!(i))).collect();
    members.append(grace().as_object_mut().unwrap());
    let faults = api.create(&Value::Object(members)).await.expect(422).faults();
    assert_eq!(faults.len(), 10_000);
    assert!(faults.iter().all(|(_, code)| code == "unknown"));
    let mut tags = grace();
    tags["tags"] = json!(vec![""; 20_000]);
    api.create(&tags).await.expect(422);
    assert_stored(&test, 0).await;
}

#[tokio::test]
async fn headers_and_parameters_of_any_length_are_no_failure() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    let path = format!("/contacts/{id}");
    let long = "x".repeat(60_000);
    let tags = vec!["\"7\""; 15_000].join(",");
    let asks = [
        (api.ask("GET", &path).header("if-none-match", &long), 400),
        (api.ask("GET", &path).header("if-none-match", &tags), 200),
        (api.ask("PATCH", &path).header("if-match", &tags).json(&json!({"title": "x"})), 412),
        (api.ask("PATCH", &path).header("if-match", "\"99999999999999999999\"").json(&json!({"title": "x"})), 412),
        (api.ask("POST", PATH).header("idempotency-key", &long).json(&grace()), 400),
        (api.ask("GET", &path).header("traceparent", &long), 200),
        (api.ask("GET", &path).header("x-anything", &long), 200),
        (api.ask("GET", &format!("{path}?{long}")), 400),
        (api.ask("GET", &format!("{path}?include={long}")), 400),
        (api.ask("GET", &format!("{path}?include=%ff%00")), 400),
        (api.ask("GET", &format!("/contacts/{long}")), 404),
        (api.ask("POST", PATH).header("content-type", &long).body("{}"), 415),
        (test.ask("GET", &path).header("authorization", &format!("Bearer {long}")), 401),
        (test.ask("GET", &format!("/{long}")), 404),
    ];
    for (number, (ask, status)) in asks.into_iter().enumerate() {
        let answer = ask.send().await;
        assert_eq!(answer.status, status, "request {number}");
        if status >= 400 {
            answer.problem();
        }
    }
    assert_stored(&test, 1).await;
}

async fn send(api: &Api<'_>, body: impl Into<bytes::Bytes>) -> Answer {
    api.ask("POST", PATH).header("content-type", "application/json").body(body).send().await
}

async fn patch(api: &Api<'_>, id: &str, body: &str) -> Answer {
    let ask = api.ask("PATCH", &format!("/contacts/{id}")).header("if-match", "*");
    ask.header("content-type", "application/merge-patch+json").body(body.to_owned()).send().await
}

async fn assert_stored(test: &TestApp, contacts: i64) {
    assert_eq!((test.count("contacts").await, test.count("contact_events").await), (contacts, contacts));
}
