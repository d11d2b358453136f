//! What is past its time goes, what may still be needed stays, and one kind of rows does not keep the others.

use std::time::Duration;

use crosswalk::clock::End;
use lambda_http::lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use support::app::{Setup, TestApp, ada, charles, grace};

#[tokio::test]
async fn published_events_go_after_their_time_and_their_contact_stays() {
    let test = TestApp::start().await;
    let (api, past) = (test.api().await, test.past());
    let old = api.create(&ada()).await.expect(201).id();
    let young = api.create(&grace()).await.expect(201).id();
    let waits = api.create(&charles()).await.expect(201).id();
    past.changed(&old, 2_500).await;
    past.happened(&old, "401 days").await;
    past.happened(&young, "399 days").await;
    past.happened(&waits, "500 days").await;
    let state = |set: &str, which: &str| format!("update contact_events set {set} where contact_id = '{which}'");
    test.execute(&state("published_at = now()", &young)).await;
    let parked = "published_at = null, dead_at = now(), failure = 'too large'";
    test.execute(&format!("{} and version = 7", state(parked, &old))).await;
    // The contact's first event waits as well.
    assert_eq!(purge(&test).await, with(&[("events", 2_499)]));
    let left = test.events(&old).await;
    assert_eq!(left.iter().map(|event| &event["version"]).collect::<Vec<_>>(), [&json!(1), &json!(7)]);
    assert_eq!((test.events(&young).await.len(), test.events(&waits).await.len()), (1, 1));
    assert_eq!((test.count("contacts").await, purge(&test).await), (3, nothing()));
}

#[tokio::test]
async fn rows_that_stay_do_not_hide_those_behind_them() {
    let test = TestApp::start().await;
    let (api, past) = (test.api().await, test.past());
    let parked = api.create(&ada()).await.expect(201).id();
    let published = api.create(&grace()).await.expect(201).id();
    let connection = past.connection(&api.client.tenant).await;
    past.published().await;
    past.changed(&parked, 1_500).await;
    past.changed(&published, 10).await;
    past.told(&connection, "r1", "received", 1_500).await;
    past.told(&connection, "r1", "processed", 10).await;
    let park = "published_at = null, dead_at = now(), failure = 'too large'";
    test.execute(&format!("update contact_events set {park} where contact_id = '{parked}'")).await;
    test.execute("update contact_events set occurred_at = now() - interval '2 years'").await;
    test.execute("update webhook_events set received_at = now() - interval '2 years'").await;
    assert_eq!(purge(&test).await, with(&[("events", 11), ("webhookEvents", 10)]));
}

#[tokio::test]
async fn webhooks_go_after_their_time_once_they_are_done_with() {
    let test = TestApp::start().await;
    let past = test.past();
    let connection = past.connection(&test.api().await.client.tenant).await;
    for state in ["processed", "unchanged", "dead", "received"] {
        past.told(&connection, &format!("old-{state}"), state, 400).await;
        past.told(&connection, &format!("young-{state}"), state, 1).await;
    }
    let age = |which: &str, ago: &str| {
        format!("update webhook_events set received_at = now() - interval '{ago}' where remote_id like '{which}-%'")
    };
    test.execute(&age("old", "31 days")).await;
    test.execute(&age("young", "29 days")).await;
    assert_eq!(purge(&test).await, with(&[("webhookEvents", 1_200)]));
    let left = "select distinct remote_id from webhook_events order by 1";
    let left: Vec<String> = test.sql.query(left, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(left, ["old-received", "young-dead", "young-processed", "young-received", "young-unchanged"]);
}

#[tokio::test]
async fn keys_and_revocations_go_once_nobody_can_count_on_them() {
    let test = TestApp::start().await;
    let client = test.api().await.client;
    // Nobody: not even who has a clock that is slow.
    for (count, ago) in [(1_500, "2 days"), (1, "25 hours 1 minute"), (2, "24 hours 30 minutes"), (4, "1 hour")] {
        test.past().keys(&client, count, ago).await;
    }
    for (count, ago) in [(1_500, "2 days"), (1, "61 minutes"), (2, "30 minutes"), (4, "-10 minutes")] {
        test.past().revocations(&client, count, ago).await;
    }
    assert_eq!(purge(&test).await, with(&[("idempotencyKeys", 1_501), ("revocations", 1_501)]));
    assert_eq!((test.count("idempotency_keys").await, test.count("revocations").await), (6, 6));
}

#[tokio::test]
async fn what_the_sync_notes_goes_with_what_it_is_about() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    let (tenant, connection) = (&api.client.tenant, test.past().connection(&api.client.tenant).await);
    for (number, ago) in ["29 days", "31 days", "399 days", "401 days"].into_iter().enumerate() {
        let at = format!("now() - interval '{ago}'");
        test.execute(&format!(
            "insert into remote_tombstones values ('{tenant}', '{connection}', '{number}', {at}, {at}); \
             insert into parked_records (topic, partition, \"offset\", record, reason, parked_at) \
             values ('a', 0, {number}, '{{}}', 'it is none', {at}); \
             insert into sync_conflicts (tenant_id, contact_id, connection_id, field, kept, occurred_at) \
             values ('{tenant}', '{id}', '{connection}', 'title', 'ours', {at})"
        ))
        .await;
    }
    assert_eq!(purge(&test).await, with(&[("syncNotes", 3 + 3 + 1)]));
    let left = (test.count("remote_tombstones").await, test.count("parked_records").await);
    assert_eq!((left, test.count("sync_conflicts").await), ((1, 1), 3));
}

#[tokio::test]
async fn webhooks_and_events_are_kept_as_long_as_is_configured() {
    let setup = Setup::default().setting("CROSSWALK_RETENTION_WEBHOOK_DAYS", "2");
    let test = setup.setting("CROSSWALK_RETENTION_EVENT_DAYS", "5").start().await;
    let (api, past) = (test.api().await, test.past());
    let id = api.create(&ada()).await.expect(201).id();
    let connection = past.connection(&api.client.tenant).await;
    past.published().await;
    past.told(&connection, "r1", "processed", 1).await;
    for (days, expected) in [(1, nothing()), (3, with(&[("webhookEvents", 1)])), (6, with(&[("events", 1)]))] {
        past.happened(&id, &format!("{days} days")).await;
        test.execute(&format!("update webhook_events set received_at = now() - interval '{days} days'")).await;
        assert_eq!(purge(&test).await, expected, "after {days} days");
    }
}

#[tokio::test]
async fn a_run_without_time_takes_a_step_of_each_kind() {
    let test = TestApp::start().await;
    let client = test.api().await.client;
    test.past().crowd(&client.tenant, 300, "1 year").await;
    test.past().keys(&client, 1_500, "2 days").await;
    test.past().revocations(&client, 1_500, "2 days").await;
    let report = crosswalk::purge::run(&test.app, &End::after(Duration::ZERO, 0)).await.unwrap();
    assert_eq!((report.contacts, report.idempotency_keys, report.revocations), (100, 1_000, 1_000));
    assert!(!report.finished);
}

#[tokio::test]
async fn a_kind_that_fails_fails_the_run_and_not_the_others() {
    let test = TestApp::start().await;
    let client = test.api().await.client;
    test.past().crowd(&client.tenant, 300, "1 year").await;
    test.past().keys(&client, 1_500, "2 days").await;
    let role = test.database.credentials().username;
    test.execute(&format!("revoke delete on contacts from {role}")).await;
    let failed = purge_expired::handle(&test.app, event()).await.unwrap_err();
    assert!(failed.chain().contains("42501"), "{}", failed.chain());
    assert_eq!((test.count("contacts").await, test.count("contact_events").await), (300, 1_500), "all or nothing");
    assert_eq!(test.count("idempotency_keys").await, 0);

    test.execute(&format!("grant delete on contacts to {role}")).await;
    assert_eq!(purge(&test).await, with(&[("contacts", 300), ("events", 1_500)]));
}

/// Runs the function, and gives its answer.
pub async fn purge(test: &TestApp) -> Value {
    let report = purge_expired::handle(&test.app, event()).await.unwrap_or_else(|error| panic!("{}", error.chain()));
    serde_json::to_value(report).unwrap()
}

/// The answer of a run that found nothing to do.
pub fn nothing() -> Value {
    with(&[])
}

/// The answer of a run that finished and erased this.
pub fn with(erased: &[(&str, u64)]) -> Value {
    let mut report = json!({"contacts": 0, "events": 0, "webhookBodies": 0, "webhookEvents": 0,
        "idempotencyKeys": 0, "revocations": 0, "syncNotes": 0, "finished": true});
    for &(name, count) in erased {
        assert!(report.get(name).is_some(), "{name} is in no answer");
        report[name] = json!(count);
    }
    report
}

fn event() -> LambdaEvent<Value> {
    LambdaEvent::new(json!({}), Context::default())
}
