//! Accepting webhooks: kept as they came, once, and refused if they can't be worked.

use futures::future::join_all;
use serde_json::{Value, json};
use support::account::{Account, deletion, webhook};
use support::app::TestApp;
use support::remote::{Remote, record};

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// What is in the body that nobody may be told.
const PRIVATE: &str = "Lovelace-7Qx";

#[tokio::test]
async fn a_webhook_is_kept_byte_by_byte_before_it_is_acknowledged() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    // As nobody here would write it.
    let given = format!(
        "\n{{ \"id\" :\"evt_1\",\"event\":\"contact.created\",\r\n\"data\":{},\"timestamp\":\"2026-01-01T01:00:00+01:00\"\t}} ",
        record("1").to_string().replace("Ada", "\\u0041d\\u0061 é")
    );
    let answer = account.signed(given.as_bytes()).header("traceparent", TRACE).send().await.expect(202);
    assert_eq!((answer.json(), answer.header("cache-control")), (json!({"id": answer.id()}), "no-store"));
    let row = account.remote.webhook_row("evt_1").await;
    assert_eq!(body(&test, &row["ce_id"]).await, given.as_bytes());
    for (name, value) in [
        ("ce_id", json!(answer.id())),
        ("tenant_id", json!(api.client.tenant)),
        ("connection_id", json!(account.remote.connection)),
        ("type", json!("contact.created")),
        ("remote_id", json!("1")),
        ("state", json!("received")),
        ("failure", Value::Null),
        ("traceparent", json!(TRACE)),
        ("published_at", Value::Null),
    ] {
        assert_eq!(row[name], value, "{name}");
    }
    assert_eq!(test.count("contacts").await, 0, "it is worked later");
}

#[tokio::test]
async fn an_event_that_comes_again_is_known() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let (account, colleague) = (Account::connect(&api).await, Account::connect(&api).await);
    let created = webhook("contact.created", "evt_1", &record("1"));
    let first = account.send(&created).await.expect(202);
    assert_eq!(account.send(&created).await.expect(200).json(), first.json());
    // Sent again it may look different; it is the event that counts.
    let other = webhook("contact.updated", "evt_1", &record("2"));
    assert_eq!(account.send(&other).await.expect(200).json(), first.json());
    assert_eq!(account.remote.webhook_row("evt_1").await["remote_id"], "1");
    // Another account's events have names of their own.
    assert_ne!(colleague.send(&created).await.expect(202).id(), first.id());
    test.worked(&[first.id()]).await;
    assert_eq!(account.send(&created).await.expect(200).json(), first.json());
    assert_eq!(account.outcome("evt_1").await.0, "processed", "that it comes again changes nothing");
    assert_eq!(test.count("webhook_events").await, 2);
}

#[tokio::test]
async fn of_many_at_once_one_is_kept_and_all_are_told_its_name() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let created = webhook("contact.created", "evt_1", &record("1"));
    let answers = join_all((0..8).map(|_| account.send(&created))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 200, 202]);
    assert!(answers.iter().all(|answer| answer.json() == answers[0].json()), "{answers:?}");
    assert_eq!(test.count("webhook_events").await, 1);
}

#[tokio::test]
async fn one_whose_twin_has_not_committed_waits_for_it() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    for (event_id, ends, status) in [("evt_1", "commit", 200), ("evt_2", "rollback", 202)] {
        let twin = test.database.connect().await;
        twin.batch_execute("begin").await.unwrap();
        let (_, name) = account.remote.receive_by(&twin, event_id, Some("1"), b"{}").await;
        let created = webhook("contact.created", event_id, &record("1"));
        let end = async {
            test.waits_for_a_lock().await;
            twin.batch_execute(ends).await.unwrap();
        };
        let (answer, ()) = tokio::join!(account.send(&created), end);
        assert_eq!(answer.expect(status).id() == name, ends == "commit");
    }
    assert_eq!(test.count("webhook_events").await, 2);
}

/// What is wrong with a body, where it says so, and the name, type and record under which it is kept.
type Faulty = (Vec<u8>, Vec<(&'static str, &'static str)>, Option<(&'static str, &'static str, Option<&'static str>)>);

fn faulty() -> Vec<Faulty> {
    let private = |name: &str| json!({"id": name, "acme_last_name": PRIVATE});
    let text = |value: Value| value.to_string().into_bytes();
    let whole = || vec![("", "malformed")];
    vec![
        (format!("{{\"id\": \"e1\", \"x\": {PRIVATE}}}").into_bytes(), whole(), None),
        ([b"{\"id\": \"e2\", \"x\": \"".as_slice(), PRIVATE.as_bytes(), b"\xff\"}"].concat(), whole(), None),
        (format!("{{\"id\": \"e3\", \"{PRIVATE}\": 1, \"{PRIVATE}\": 1}}").into_bytes(), whole(), None),
        (text(json!([PRIVATE])), vec![("", "type")], None),
        (
            text(webhook("contact.merged", "e5", &private("5"))),
            vec![("/event", "invalid")],
            Some(("e5", "contact.merged", Some("5"))),
        ),
        (
            text(json!({"event": "contact.created", "timestamp": "2026-01-01T00:00:00Z", "data": private("6")})),
            vec![("/id", "required")],
            None,
        ),
        (
            text(webhook("contact.updated", "e7", &json!({"acme_last_name": PRIVATE}))),
            vec![("/data/id", "required")],
            Some(("e7", "contact.updated", None)),
        ),
        (
            text(webhook("contact.deleted", "e8", &private("8"))),
            vec![("/data/deletedAt", "required")],
            Some(("e8", "contact.deleted", Some("8"))),
        ),
        (
            text(webhook("contact.deleted", "e9", &deletion("9", PRIVATE))),
            vec![("/data/deletedAt", "invalid")],
            Some(("e9", "contact.deleted", Some("9"))),
        ),
        (
            text(webhook("contact.created", "e10", &json!({"id": "10", "x": [format!("{PRIVATE}\0")]}))),
            vec![("/data/x/0", "control_character")],
            Some(("e10", "contact.created", Some("10"))),
        ),
        (
            text(json!({"event": 7, "id": "e11", "timestamp": PRIVATE, "data": PRIVATE})),
            vec![("/data", "type"), ("/event", "invalid"), ("/timestamp", "invalid")],
            Some(("e11", "unknown", None)),
        ),
        (
            text(webhook("contact.created", "e\u{0}12", &private("\u{0}"))),
            vec![("/data/id", "control_character"), ("/data/id", "control_character"), ("/id", "control_character")],
            None,
        ),
        (
            text(webhook("contact.created", "e13", &json!({"id": "13", "x": PRIVATE.repeat(25_000)}))),
            vec![("/data", "too_large")],
            Some(("e13", "contact.created", Some("13"))),
        ),
    ]
}

#[tokio::test]
async fn what_is_signed_and_can_not_be_worked_is_refused_and_kept_once_with_the_reason() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    for (given, faults, kept) in faulty() {
        let shown = String::from_utf8_lossy(&given).into_owned();
        let before = test.count("webhook_events").await;
        for _ in 0..2 {
            let answer = account.signed(&given).send().await.expect(422);
            assert_eq!(answer.problem(), "invalid");
            let told = answer.faults();
            let told: Vec<_> = told.iter().map(|(pointer, code)| (pointer.as_str(), code.as_str())).collect();
            assert_eq!(told, faults, "{shown}");
            assert!(!answer.json().to_string().contains(PRIVATE), "{answer:?}");
        }
        assert_eq!(test.count("webhook_events").await, before + 1, "{shown}");
        let row = test.sql.query_one("select to_jsonb(w) from webhook_events w order by id desc limit 1", &[]).await;
        let row: Value = row.unwrap().get(0);
        // Of a large one the beginning is kept.
        let given = given[..given.len().min(16 * 1024)].to_vec();
        assert_eq!((&row["state"], body(&test, &row["ce_id"]).await), (&json!("dead"), given), "{shown}");
        let reason = row["failure"].as_str().unwrap();
        assert!(!reason.is_empty() && !reason.contains(PRIVATE), "{reason}");
        match kept {
            Some((name, kind, remote_id)) => {
                assert_eq!((&row["event_id"], &row["type"]), (&json!(name), &json!(kind)), "{shown}");
                assert_eq!(row["remote_id"], json!(remote_id), "{shown}");
            }
            // What has no name is known by its content.
            None => assert!(row["event_id"].as_str().unwrap().starts_with("sha256:"), "{row}"),
        }
    }
    // A dead one is not worked, whoever says so.
    let names = test.sql.query("select ce_id::text from webhook_events", &[]).await.unwrap();
    test.worked(&names.iter().map(|row| row.get(0)).collect::<Vec<String>>()).await;
    assert_eq!(test.count("webhook_events where state <> 'dead'").await, 0);
}

#[tokio::test]
async fn a_contact_is_its_tenants_whatever_the_record_is_called() {
    let test = TestApp::start().await;
    let (api, stranger) = (test.api().await, test.api().await);
    let (account, theirs) = (Account::connect(&api).await, Account::connect(&stranger).await);
    let names = [
        account.tell("contact.created", "evt_1", &record("1")).await,
        theirs.tell("contact.created", "evt_1", &record("1")).await,
    ];
    test.worked(&names).await;
    for (api, account, other) in [(&api, &account, &theirs), (&stranger, &theirs, &account)] {
        assert_eq!(api.pages("/contacts").await.len(), 1);
        account.remote.get("1").await.expect(200);
        let foreign = Remote { api, connection: other.remote.connection.clone() };
        assert_eq!(foreign.get("1").await.expect(404).problem(), "connection-not-found");
    }
}

/// The body that was kept under our name of a webhook.
async fn body(test: &TestApp, ce_id: &Value) -> Vec<u8> {
    let sql = "select body from webhook_events where ce_id = $1::text::uuid";
    test.sql.query_one(sql, &[&ce_id.as_str()]).await.unwrap().get(0)
}
