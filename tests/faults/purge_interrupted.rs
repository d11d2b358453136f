//! The purge is killed in the middle of a run, or its database falls silent: what its steps have erased is gone, what the last one had begun is whole,
//! and the next run goes on.

use std::time::Duration;

use crosswalk::Error;
use crosswalk::clock::End;
use crosswalk::purge;
use serde_json::json;
use support::app::{Setup, TestApp, ada};
use support::proxy::Proxy;
use support::runtime_api::Function;
use support::services;
use tokio::time::Instant;

#[tokio::test]
async fn killed_within_a_step_it_leaves_the_contact_for_the_next_run() {
    let test = TestApp::start().await;
    let (api, past) = (test.api().await, test.past());
    let id = api.create(&ada()).await.expect(201).id();
    past.published().await;
    past.changed(&id, 2_999).await;
    let connection = past.connection(&api.client.tenant).await;
    past.linked(&id, &connection, "r1").await;
    past.deleted(&id, "1 year").await;
    // However slow the machine is: the step waits until it is killed.
    let (role, database) = (test.database.credentials().username, test.database.name());
    test.execute(&format!("alter role {role} in database {database} set lock_timeout = '1min'")).await;
    test.execute(&format!("alter role {role} in database {database} set statement_timeout = '1min'")).await;

    let blocker = test.database.connect().await;
    blocker.batch_execute("begin; select from links for update").await.unwrap();
    let function = Function::start("purge-expired", test.environment.clone()).await;
    drop(function.invoke(&json!({})));
    // The first step has taken what it may of the history. The second takes the rest, and the contact with its link.
    test.waits_for_a_lock().await;
    function.kill().await;
    test.close_connections().await;
    blocker.batch_execute("rollback").await.unwrap();
    assert_eq!((test.count("contact_events").await, test.count("contacts").await), (1_000, 1));

    function.restart().await;
    let report = function.invoke(&json!({})).await.unwrap();
    assert_eq!((&report["contacts"], &report["events"]), (&json!(1), &json!(1_000)));
    assert_eq!(report["finished"], true);
    for table in ["contacts", "contact_events", "links"] {
        assert_eq!(test.count(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_database_that_says_nothing_does_not_outlast_the_run() {
    let (proxy, _) = Proxy::before(&services::database_url()).await;
    let address = proxy.address();
    let test = Setup::default().database_at(&address.ip().to_string(), address.port()).start().await;
    test.past().crowd(&test.client(&[]).await.tenant, 10, "1 year").await;
    let end = || End::after(Duration::ZERO, 0);
    // So that it is the steps that hang, and not a new connection, which has a time-out of its own.
    drop(test.app.database.get().await.unwrap());
    proxy.stall().await;
    let begin = Instant::now();
    let failed = purge::run(&test.app, &end()).await.unwrap_err();
    assert!(matches!(failed, Error::Unavailable { .. }), "{}", failed.chain());
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());

    proxy.pass().await;
    let report = purge::run(&test.app, &end()).await.unwrap();
    assert_eq!((report.contacts, report.finished), (10, true));
}
