//! What docs/operations.md tells somebody to run at three in the morning does what it says.

use std::collections::BTreeSet;
use std::time::Duration;

use crosswalk::auth::{ClientSecret, Scope};
use support::app::{TestApp, TestClient, ada};
use support::kafka::Topic;
use support::relay::Relays;
use support::remote::Remote;
use support::wait::eventually;

const SOON: Duration = Duration::from_secs(30);

const PAGE: &str = include_str!("../../docs/operations.md");

#[tokio::test]
async fn every_statement_of_the_page_runs() {
    let test = TestApp::start().await;
    test.api().await.create(&ada()).await.expect(201);
    let statements = statements();
    assert!(statements.len() >= 8, "{statements:?}");
    for statement in &statements {
        test.sql.batch_execute(statement).await.unwrap_or_else(|error| panic!("{error:?}\n{statement}"));
    }
}

#[tokio::test]
async fn a_client_that_was_made_by_hand_gets_a_token_for_all_it_may_do() {
    let test = TestApp::start().await;
    let secret = ClientSecret::generate();
    let placeholder = format!("decode('{}', 'hex')", "0".repeat(64));
    let hash = format!("sha256('{}')", secret.reveal());
    test.sql.batch_execute(&statement("insert into clients").replace(&placeholder, &hash)).await.unwrap();
    let client = TestClient { id: "cl_harbour".to_owned(), tenant: "tn_harbour".to_owned(), secret };
    let granted = test.token(&client).await.expect(200).json()["scope"].as_str().map(str::to_owned).unwrap_or_default();
    let all: BTreeSet<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    assert_eq!(granted.split(' ').collect::<BTreeSet<_>>(), all);
}

#[tokio::test]
async fn a_parked_event_waits_again_though_the_floor_had_passed_it() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    api.create(&ada()).await.expect(201);
    test.execute("update contact_events set dead_at = now(), failure = 'too large'").await;
    test.execute(
        "update relay_floors set floor = (select max(id) from contact_events) where source = 'contact_events'",
    )
    .await;
    let _relay = Relays::of(&test, &topic).work().await;
    assert_eq!(outbox.published().await, 0);
    test.sql.batch_execute(&statement("set dead_at = null")).await.unwrap();
    outbox.settled().await;
    assert_eq!(topic.records().await.len(), 1);
}

#[tokio::test]
async fn a_contact_whose_record_was_lost_is_sent_round() {
    let test = TestApp::start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    Remote::connect(&api, "cn_acme").await;
    let id = api.create(&ada()).await.expect(201).id();
    let tenant = &api.client.tenant;
    test.execute(&format!(
        "insert into links (tenant_id, contact_id, connection_id) values ('{tenant}', '{id}', 'cn_acme')"
    ))
    .await;
    let _relay = Relays::of(&test, &topic).work().await;
    outbox.settled().await;
    assert_eq!(topic.records().await.len(), 1);
    test.sql.batch_execute(&statement("set retry_at = now()")).await.unwrap();
    eventually("the contact to come round", SOON, || async { topic.records().await.len() == 2 }).await;
}

#[tokio::test]
async fn after_a_restore_versions_leap_and_nothing_is_due_by_it() {
    let test = TestApp::start().await;
    let api = test.api().await;
    Remote::connect(&api, "cn_acme").await;
    let id = api.create(&ada()).await.expect(201).id();
    let tenant = &api.client.tenant;
    test.execute(&format!(
        "insert into links (tenant_id, contact_id, connection_id, remote_id, state, pushed_version) \
         values ('{tenant}', '{id}', 'cn_acme', 'r1', 'synced', 1)"
    ))
    .await;
    test.sql.batch_execute(&statement("set version = version + 1000")).await.unwrap();
    assert_eq!(
        test.count("contacts c join links l on l.contact_id = c.id where c.version > l.pushed_version").await,
        0
    );
    let changed = api.ask("PATCH", &format!("/contacts/{id}"));
    let changed = changed.json(&serde_json::json!({"title": "Analyst", "version": 1001})).send().await;
    assert_eq!(changed.expect(200).json()["version"], 1002);
}

/// The one that holds these words.
fn statement(words: &str) -> String {
    let found = statements().into_iter().find(|statement| statement.contains(words));
    found.unwrap_or_else(|| panic!("the page has no statement with {words:?}"))
}

fn statements() -> Vec<String> {
    PAGE.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}
