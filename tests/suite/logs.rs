//! The line that tells of a request.

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
