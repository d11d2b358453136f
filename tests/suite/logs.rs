//! The line that tells of a request.

use crosswalk::entry::answer;
use crosswalk::{App, Request, Response, Result};
use serde_json::{Value, json};
use support::app::{TestApp, grace};
use support::log;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test]
async fn a_line_tells_of_a_request_whatever_becomes_of_it() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    let traced = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let read = api.ask("GET", &format!("/contacts/{id}")).header("traceparent", &traced).send().await.expect(200);
    let line = log::of_request(read.header("x-request-id"));
    let is = |line: &Value, members: Value| {
        for (name, value) in members.as_object().unwrap() {
            assert_eq!(&line[name], value, "{name}: {line}");
        }
        assert!(line["elapsedMs"].as_f64().is_some_and(|elapsed| elapsed > 0.0), "{line}");
        assert!(!line.to_string().contains(&id), "the path is not the route: {line}");
    };
    let who = json!({"tenant": api.client.tenant, "client": api.client.id});
    let whose = |line: &Value| json!({"tenant": line["tenant"], "client": line["client"]});
    assert_eq!(whose(&line), who);
    is(
        &line,
        json!({
            "message": "request answered", "traceId": TRACE, "function": "get-contact", "route": "GET /contacts/{id}",
            "outcome": "ok", "status": 200, "level": "INFO", "postgresqlTrips": 0, "redisTrips": 1,
        }),
    );

    let refused = api.patch(&id, 7, &json!({"title": "Admiral"})).await.expect(412);
    let line = log::of_request(refused.header("x-request-id"));
    assert_eq!((whose(&line), &line["cause"]), (who.clone(), &Value::Null));
    is(
        &line,
        json!({
            "message": "request refused", "traceId": null, "function": "update-contact",
            "route": "PATCH /contacts/{id}", "outcome": "refused", "status": 412, "code": "precondition-failed",
            "level": "INFO",
        }),
    );

    let broken = api.at(test.another_instance_with(&[("CROSSWALK_DATABASE_SECRET", "")]));
    let failed = broken.get(&uuid::Uuid::now_v7().to_string()).await.expect(500);
    let line = log::of_request(failed.header("x-request-id"));
    assert_eq!(whose(&line), who);
    assert!(line["cause"].as_str().is_some_and(|cause| cause.contains("not configured")), "{line}");
    is(&line, json!({"message": "request failed", "outcome": "failed", "status": 500, "level": "ERROR"}));
}

#[tokio::test]
async fn text_of_a_panic_is_not_logged() {
    async fn panics(_: &App, request: Request) -> Result<Response> {
        panic!("a contact named {}", request.uri().query().unwrap_or_default());
    }
    let test = TestApp::start().await;
    let event = test.ask("GET", "/contacts?Lovelace").event();
    let request = lambda_http::request::from_str(&event.to_string()).unwrap();
    let answer = answer(&test.app, &panics, request).await;
    assert_eq!(answer.status(), 500);
    let line = log::of_request(answer.headers()["x-request-id"].to_str().unwrap());
    assert_eq!(line["status"], 500);
    assert!(line["cause"].as_str().is_some_and(|cause| cause.contains("panic")), "{line}");
    assert!(!line.to_string().contains("Lovelace"), "{line}");
}

#[tokio::test]
async fn value_that_postgresql_cannot_read_is_not_in_the_cause() {
    let test = TestApp::start().await;
    let connection = test.app.database.get().await.unwrap();
    for (sql, code) in [
        ("select 'Lovelace'::int", "22P02"),
        ("select 'Lovelace'::timestamptz", "22007"),
        ("select '99999999999'::int", "22003"),
    ] {
        let error = crosswalk::db::failed(connection.query(sql, &[]).await.unwrap_err());
        let cause = error.chain();
        assert!(cause.contains(code), "{cause}");
        assert!(!cause.contains("Lovelace") && !cause.contains("9999"), "{cause}");
    }
    let other = crosswalk::db::failed(connection.query("select * from nowhere", &[]).await.unwrap_err());
    assert!(other.chain().contains("nowhere"), "{}", other.chain());
}
