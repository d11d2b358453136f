//! `CloudFormation` is told how its custom resource went, however it went.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::put;
use crosswalk::{Error, entry};
use lambda_http::lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use support::app::TestApp;
use support::proxy::Proxy;
use support::services;
use tokio::net::TcpListener;
use url::Url;

/// The place where answers are put.
struct Bucket {
    url: String,
    refusals: Arc<Mutex<usize>>,
    answers: Arc<Mutex<VecDeque<Value>>>,
}

impl Bucket {
    async fn new() -> Self {
        let (refusals, answers) = (Arc::new(Mutex::new(0_usize)), Arc::new(Mutex::new(VecDeque::new())));
        let (refuse, store) = (refusals.clone(), answers.clone());
        let take = async move |headers: HeaderMap, body: String| {
            assert!(!headers.contains_key("content-type"), "the signature knows none");
            let mut refusals = refuse.lock().unwrap();
            if *refusals > 0 {
                *refusals -= 1;
                return StatusCode::SERVICE_UNAVAILABLE;
            }
            store.lock().unwrap().push_back(serde_json::from_str(&body).unwrap());
            StatusCode::OK
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/answer?X-Amz-Signature=secret", listener.local_addr().unwrap());
        let served = axum::serve(listener, Router::new().route("/answer", put(take)));
        tokio::spawn(async move { served.await.unwrap() });
        Self { url, refusals, answers }
    }

    fn asks(&self, change: &str) -> LambdaEvent<Value> {
        let event = json!({
            "RequestType": change,
            "ResponseURL": self.url,
            "StackId": "arn:aws:cloudformation:eu-central-1:123456789012:stack/crosswalk/1",
            "RequestId": "r-1",
            "LogicalResourceId": "Schema",
            "ResourceType": "AWS::CloudFormation::CustomResource",
            "ResourceProperties": {"ServiceToken": "arn", "Migration": "11"},
        });
        LambdaEvent::new(event, Context::default())
    }

    /// The one answer since the last.
    fn answer(&self) -> Value {
        let mut answers = self.answers.lock().unwrap();
        let answer = answers.pop_front().expect("an answer");
        assert!(answers.is_empty(), "{answers:?}");
        assert_eq!(answer["StackId"], "arn:aws:cloudformation:eu-central-1:123456789012:stack/crosswalk/1");
        assert_eq!((&answer["RequestId"], &answer["LogicalResourceId"]), (&json!("r-1"), &json!("Schema")));
        assert_eq!(answer["PhysicalResourceId"], "schema", "another name would have the old one deleted");
        answer
    }
}

async fn migrating(password: &str) -> (TestApp, Arc<crosswalk::App>) {
    let test = TestApp::start().await;
    let url = Url::parse(&services::database_url()).unwrap();
    let owner = json!({
        "host": url.host_str(),
        "port": url.port(),
        "dbname": test.database.name(),
        "username": url.username(),
        "password": password,
    });
    test.secrets.put("database-admin", &owner).await;
    let admin = test.secrets.name("database-admin");
    let app = test.another_instance_with(&[("CROSSWALK_DATABASE_ADMIN_SECRET", &admin)]);
    (test, app)
}

#[tokio::test]
async fn a_deployment_migrates_and_is_told_so() {
    let url = Url::parse(&services::database_url()).unwrap();
    let (test, app) = migrating(url.password().unwrap_or_default()).await;
    let bucket = Bucket::new().await;
    test.sql.batch_execute("drop schema public cascade; create schema public").await.unwrap();
    for change in ["Create", "Update"] {
        migrate_database::handle(&app, bucket.asks(change)).await.unwrap();
        let answer = bucket.answer();
        assert_eq!(answer["Status"], "SUCCESS", "{change}");
        assert_eq!(answer.get("Data"), None, "what is told may grow, and an answer may not");
        assert_eq!(test.count("contacts").await, 0);
    }
    // A release that was rolled back left what its code doesn't know.
    let later = "insert into refinery_schema_history values (999, 'later', '2026-01-01T00:00:00Z', '0')";
    test.sql.batch_execute(later).await.unwrap();
    migrate_database::handle(&app, bucket.asks("Update")).await.unwrap();
    assert_eq!(bucket.answer()["Status"], "SUCCESS", "rolled back");
}

#[tokio::test]
async fn a_migration_that_fails_makes_the_deployment_fail() {
    let (_test, app) = migrating("not the password").await;
    let bucket = Bucket::new().await;
    // The secret may be one that has not spread yet, so a refused login is tried again until the end.
    let (event, _) = ending_in(Duration::from_secs(4), bucket.asks("Update"));
    migrate_database::handle(&app, event).await.unwrap_err();
    let answer = bucket.answer();
    assert_eq!(answer["Status"], "FAILED");
    let reason = answer["Reason"].as_str().unwrap();
    assert!(reason.contains("PostgreSQL is not available: SQLSTATE 28P01"), "{reason}");
    assert!(reason.contains("log stream"), "{reason}");
    assert!(!reason.contains("not the password"), "{reason}");

    // The end of the stack needs no database.
    migrate_database::handle(&app, bucket.asks("Delete")).await.unwrap();
    assert_eq!(bucket.answer()["Status"], "SUCCESS");
}

#[tokio::test]
async fn work_that_panics_or_never_ends_is_told_of_too() {
    let bucket = Bucket::new().await;
    let panics = || async { panic!("as a bug would") };
    entry::deploy(bucket.asks("Create"), "schema", panics).await.unwrap_err();
    assert_eq!(bucket.answer()["Status"], "FAILED");

    let (event, deadline) = ending_in(Duration::from_secs(2), bucket.asks("Update"));
    entry::deploy(event, "schema", std::future::pending).await.unwrap_err();
    assert!(SystemTime::now().duration_since(UNIX_EPOCH).unwrap() < deadline, "there is time left to tell");
    assert_eq!(bucket.answer()["Status"], "FAILED");
}

#[tokio::test]
async fn an_answer_that_is_not_taken_is_sent_again() {
    let bucket = Bucket::new().await;
    *bucket.refusals.lock().unwrap() = 2;
    let work = async || Ok::<_, Error>(json!({"Brokers": "b-1:9098"}));
    entry::deploy(bucket.asks("Create"), "schema", work).await.unwrap();
    let answer = bucket.answer();
    assert_eq!((&answer["Status"], &answer["Data"]), (&json!("SUCCESS"), &json!({"Brokers": "b-1:9098"})));
    *bucket.refusals.lock().unwrap() = 9;
    let error = entry::deploy(bucket.asks("Create"), "schema", work).await.unwrap_err();
    assert!(!error.chain().contains("X-Amz-Signature"), "{}", error.chain());
}

/// The same event in an invocation that is cut after so long, and when that is.
fn ending_in(time: Duration, mut event: LambdaEvent<Value>) -> (LambdaEvent<Value>, Duration) {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + time;
    event.context.deadline = u64::try_from(deadline.as_millis()).unwrap();
    (event, deadline)
}

/// Counts attempts, each of which fails with what the closure gives.
async fn attempts(event: LambdaEvent<Value>, outcome: impl Fn(usize) -> Result<Value, Error>) -> (usize, String) {
    let count = AtomicUsize::new(0);
    let attempt = || {
        let attempt = count.fetch_add(1, Ordering::SeqCst) + 1;
        std::future::ready(outcome(attempt))
    };
    let outcome = entry::deploy(event, "schema", attempt).await;
    (count.load(Ordering::SeqCst), outcome.map_or_else(|error| error.chain(), |value| value.to_string()))
}

#[tokio::test]
async fn deployment_step_that_fails_as_unavailable_is_retried_until_it_succeeds() {
    let bucket = Bucket::new().await;
    let work = |attempt| match attempt {
        3 => Ok(json!("done")),
        _ => Err(Error::unavailable("Kafka", "ClusterAuthorizationFailed")),
    };
    let (event, _) = ending_in(Duration::from_mins(1), bucket.asks("Create"));
    assert_eq!(attempts(event, work).await, (3, "\"done\"".to_owned()));
    assert_eq!(bucket.answer()["Status"], "SUCCESS");
}

#[tokio::test]
async fn deployment_step_that_fails_for_another_reason_is_not_retried() {
    let bucket = Bucket::new().await;
    let work = |_| Err(Error::internal("migrate the database", "syntax error"));
    let (event, _) = ending_in(Duration::from_mins(1), bucket.asks("Create"));
    assert_eq!(attempts(event, work).await, (1, "migrate the database: syntax error".to_owned()));
    assert_eq!(bucket.answer()["Status"], "FAILED");
}

#[tokio::test]
async fn deployment_that_runs_out_of_time_reports_the_last_cause() {
    let bucket = Bucket::new().await;
    let refused = || Error::unavailable("Kafka", "ClusterAuthorizationFailed");
    let (event, deadline) = ending_in(Duration::from_secs(6), bucket.asks("Create"));
    let (count, cause) = attempts(event, |_| Err(refused())).await;
    assert_eq!(cause, "Kafka is not available: ClusterAuthorizationFailed");
    assert!(count >= 2, "{count}");
    assert!(SystemTime::now().duration_since(UNIX_EPOCH).unwrap() < deadline, "there is time left to answer");
    let reason = bucket.answer()["Reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("ClusterAuthorizationFailed"), "{reason}");

    // The second attempt hangs, which says less than why the first one failed.
    let count = AtomicUsize::new(0);
    let attempt = || async {
        if count.fetch_add(1, Ordering::SeqCst) == 0 {
            return Err(refused());
        }
        std::future::pending().await
    };
    let (event, _) = ending_in(Duration::from_secs(6), bucket.asks("Create"));
    let error = entry::deploy(event, "schema", attempt).await.unwrap_err();
    assert!(error.chain().contains("ClusterAuthorizationFailed"), "{}", error.chain());
    bucket.answer();
}

#[tokio::test]
async fn migration_waits_for_a_database_that_is_still_being_created() {
    let url = Url::parse(&services::database_url()).unwrap();
    let (test, _) = migrating(url.password().unwrap_or_default()).await;
    let (proxy, _) = Proxy::before(&services::database_url()).await;
    let admin = test.secrets.name("database-admin");
    let (host, port) = (proxy.address().ip().to_string(), proxy.address().port().to_string());
    let app = test.another_instance_with(&[
        ("CROSSWALK_DATABASE_ADMIN_SECRET", &admin),
        ("CROSSWALK_DATABASE_HOST", &host),
        ("CROSSWALK_DATABASE_PORT", &port),
    ]);
    proxy.cut().await;
    let bucket = Bucket::new().await;
    let (event, _) = ending_in(Duration::from_mins(1), bucket.asks("Create"));
    let created = async {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        proxy.pass().await;
    };
    let (outcome, ()) = tokio::join!(migrate_database::handle(&app, event), created);
    outcome.unwrap();
    assert_eq!(bucket.answer()["Status"], "SUCCESS");
}
