//! Events and answers, held against the crate that the functions read and write them with.

use axum::http::{Request, header};
use bytes::Bytes;
use lambda_http::{RequestExt, RequestPayloadExt};
use serde_json::{Value, json};
use support::gateway;

#[test]
fn a_function_sees_the_request_that_was_sent() {
    let sent = Request::patch("/contacts/7?include=links&tag=a&tag=b%20c")
        .header(header::CONTENT_TYPE, "application/merge-patch+json")
        .header("X-Twice", "1")
        .header("X-Twice", "2")
        .header(header::COOKIE, "a=b")
        .body(Bytes::from_static(b"{\"title\":null}"))
        .unwrap();
    let event = gateway::event("PATCH /contacts/{id}", &sent);
    assert_eq!(event["isBase64Encoded"], false);
    let seen = received(&event);
    assert_eq!((seen.method().as_str(), seen.raw_http_path()), ("PATCH", "/contacts/7"));
    assert_eq!(seen.path_parameters().first("id"), Some("7"));
    assert_eq!(seen.query_string_parameters().all("tag"), Some(vec!["a", "b c"]));
    assert_eq!(seen.headers()["x-twice"], "1,2");
    assert_eq!(seen.headers()["cookie"], "a=b");
    assert_eq!(seen.json::<Value>().unwrap(), Some(json!({"title": null})));
}

#[test]
fn what_is_no_text_arrives_whole() {
    for (media_type, body) in [("application/json", &b"{\"a\":\"\xff\"}"[..]), ("application/octet-stream", b"\0text")]
    {
        let sent = Request::post("/").header(header::CONTENT_TYPE, media_type).body(Bytes::from_static(body)).unwrap();
        let event = gateway::event("$default", &sent);
        assert_eq!(event["isBase64Encoded"], true, "{media_type}");
        assert_eq!(&received(&event).body()[..], body);
    }
}

#[test]
fn the_answer_becomes_a_response() {
    let answer = json!({
        "statusCode": 201,
        "headers": {"location": "/contacts/7"},
        "multiValueHeaders": {},
        "cookies": ["a=b"],
        "body": "AAE=",
        "isBase64Encoded": true,
    });
    let response = gateway::response(&answer);
    assert_eq!(response.status(), 201);
    assert_eq!(response.headers()["location"], "/contacts/7");
    assert_eq!(response.headers()["set-cookie"], "a=b");
    assert_eq!(&response.body()[..], b"\0\x01");
}

fn received(event: &Value) -> lambda_http::Request {
    lambda_http::request::from_str(&event.to_string()).expect("the event is one of API Gateway")
}
