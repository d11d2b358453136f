//! The smoke test of a deployed stack finds what works and what does not, and leaves nothing behind.

use std::process::Output;

use support::app::{Api, TestApp};
use support::crm::Crm;
use support::two_way::TwoWay;
use tokio::process::Command;

/// `tour smoke` with these settings and no others.
async fn smoke(arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let tests = std::env::current_exe().unwrap();
    let tour = tests.ancestors().nth(2).unwrap().join("tour");
    let mut command = Command::new(&tour);
    command.arg("smoke").args(arguments).env_clear().envs(settings.iter().copied());
    command.output().await.unwrap_or_else(|error| panic!("{}: {error}", tour.display()))
}

fn settings<'a>(api: &'a Api<'_>, crm: &'a Crm, webhook_secret: &'a str) -> [(&'a str, &'a str); 4] {
    [
        ("CROSSWALK_CLIENT_ID", &api.client.id),
        ("CROSSWALK_CLIENT_SECRET", api.client.secret.reveal()),
        ("CROSSWALK_CONNECTION", &crm.connection),
        ("CROSSWALK_WEBHOOK_SECRET", webhook_secret),
    ]
}

/// The standard output, of which no line holds a secret.
fn shown(output: &Output, secrets: &[&str]) -> String {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn smoke_passes_on_a_working_stack_and_leaves_no_contact() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let (_way, served) = (TwoWay::start(&test).await, test.serve().await);
    let output = smoke(&["--url", &served.url], &settings(&api, &crm, &crm.webhook_secret)).await;
    let printed = shown(&output, &[&crm.webhook_secret, api.client.secret.reveal()]);
    assert!(printed.ends_with("\n11 steps passed, 0 failed\n"), "{printed}");
    assert_eq!(output.status.code(), Some(0));
    let (all, left) = (test.count("contacts").await, test.count("contacts where deleted_at is null").await);
    assert_eq!((all, left), (2, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn smoke_that_fails_exits_with_1_and_removes_its_contact() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let served = test.serve().await;
    let output = smoke(&["--url", &served.url], &settings(&api, &crm, "another secret")).await;
    let printed = shown(&output, &["another secret"]);
    // The webhook is refused, so nothing of it arrives, is sent or is deleted.
    assert!(printed.contains("expected the status to be 202, and it is 401"), "{printed}");
    assert!(printed.ends_with("\n7 steps passed, 4 failed\n"), "{printed}");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(test.count("contacts where deleted_at is null").await, 0);
}

#[tokio::test]
async fn smoke_without_a_setting_exits_with_2_and_says_how_to_get_it() {
    let output = smoke(&["--url", "https://127.0.0.1:1"], &[]).await;
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("CROSSWALK_CLIENT_ID is not set: it is the id of a client"), "{text}");
    assert_eq!(output.status.code(), Some(2));
}
