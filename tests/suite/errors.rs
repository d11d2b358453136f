//! Refusals have one form (RFC 9457), and a failure of ours keeps its cause to itself.

use std::collections::BTreeSet;

use crosswalk::{App, Request, Response, Result};
use serde_json::{Value, json};
use support::app::{Answer, Ask, TestApp, grace};
use uuid::Uuid;

#[tokio::test]
async fn a_problem_is_whole_and_says_where_it_happened() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let path = format!("/contacts/{}", Uuid::now_v7());
    let answer = api.get(path.trim_start_matches("/contacts/")).await.expect(404);
    let problem = answer.json();
    assert_eq!(
        problem,
        json!({
            "type": "urn:crosswalk:problem:contact-not-found",
            "title": "There is no such contact",
            "status": 404,
            "detail": format!("There is no contact {}.", path.trim_start_matches("/contacts/")),
            "instance": path,
            "code": "contact-not-found",
            "requestId": answer.header("x-request-id"),
        })
    );
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn every_refusal_has_the_same_form() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    let path = format!("/contacts/{id}");
    let change = || api.ask("PATCH", &path);
    let asks: [(Ask, u16, &str); 12] = [
        (api.ask("POST", "/contacts").header("content-type", "application/json").body("{"), 400, "malformed"),
        (test.ask("GET", &path), 401, "token-missing"),
        (test.ask("GET", &path).header("authorization", "Bearer x"), 401, "token-refused"),
        (api.ask("GET", "/contacts/x"), 404, "contact-not-found"),
        (api.ask("GET", "/nowhere"), 404, "route-not-found"),
        (api.ask("PUT", "/contacts"), 405, "method-not-allowed"),
        (change().json(&json!({"version": 7})), 409, "version-conflict"),
        (change().header("if-match", "\"7\"").json(&json!({})), 412, "precondition-failed"),
        (change().json(&json!({"notes": "x".repeat(300_000)})), 413, "body-too-large"),
        (change().body("x"), 415, "unsupported-media-type"),
        (change().json(&json!({"color": 1, "version": 1})), 422, "invalid"),
        (change().json(&json!({})), 428, "precondition-required"),
    ];
    let mut ids = BTreeSet::new();
    for (ask, status, code) in asks {
        let answer = ask.send().await;
        assert_eq!((answer.status, answer.problem()), (status, code.to_owned()));
        assert_eq!(answer.json()["type"], format!("urn:crosswalk:problem:{code}"));
        assert_eq!(answer.json().get("errors").is_some(), status == 422);
        assert!(ids.insert(answer.header("x-request-id").to_owned()), "each request has an id of its own");
    }
}

#[tokio::test]
async fn an_answer_that_went_well_names_its_request_too() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let created = api.create(&grace()).await.expect(201);
    let read = api.get(&created.id()).await.expect(200);
    let health = test.ask("GET", "/health").send().await.expect(200);
    let ids: BTreeSet<_> = [&created, &read, &health].map(|answer| answer.header("x-request-id").to_owned()).into();
    assert_eq!(ids.len(), 3);
    assert!(!ids.contains(""));
    assert_eq!(health.json(), json!({"status": "ok", "database": "up", "redis": "up"}));
}

#[tokio::test]
async fn a_path_without_a_route_is_not_found_and_a_method_without_one_is_told_the_others() {
    let test = TestApp::start().await;
    for (method, path, allow) in [
        ("PUT", "/contacts", "GET, POST"),
        ("POST", "/contacts/x", "DELETE, GET, PATCH, PUT"),
        ("OPTIONS", "/contacts/x", "DELETE, GET, PATCH, PUT"),
        ("POST", "/health", "GET"),
        ("HEAD", "/.well-known/jwks.json", "GET"),
    ] {
        let answer = test.ask(method, path).send().await.expect(405);
        assert_eq!((answer.problem(), answer.header("allow")), ("method-not-allowed".to_owned(), allow), "{path}");
    }
    for (method, path) in
        [("GET", "/"), ("GET", "/contacts/"), ("POST", "/contacts/x/y"), ("GET", "/Health"), ("GET", "//")]
    {
        let answer = test.ask(method, path).send().await.expect(404);
        assert_eq!((answer.problem(), answer.header("allow")), ("route-not-found".to_owned(), ""), "{path}");
        assert_eq!(answer.json()["instance"], path);
    }
    let token_endpoint = test.ask("GET", "/oauth/token").send().await.expect(405);
    assert_eq!((token_endpoint.header("allow"), &token_endpoint.json()["error"]), ("POST", &json!("invalid_request")));
}

#[tokio::test]
async fn a_failure_of_ours_keeps_its_cause_to_itself() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    let token = test.ask("POST", "/oauth/token").form(format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        api.client.id,
        api.client.secret.reveal()
    ));
    test.execute("alter table contacts rename to elsewhere; alter table clients rename to away").await;

    let answers = [
        api.create(&grace()).await,
        api.patch(&id, 1, &json!({"title": "x"})).await,
        api.ask("GET", &format!("/contacts/{id}?include=links")).send().await,
    ];
    for answer in answers {
        assert_eq!((answer.status, answer.problem()), (500, "internal".to_owned()));
        assert_eq!(answer.json()["detail"], "Something went wrong here. The request id names it in our log.");
        assert_says_nothing(&answer);
    }
    let answer = token.send().await.expect(500);
    assert_eq!(answer.json(), json!({"error": "server_error", "error_description": "something went wrong here"}));
    api.get(&id).await.expect(200);
}

#[tokio::test]
async fn a_panic_is_a_failure_like_any_other() {
    let test = TestApp::start().await;
    let answer = crosswalk::entry::answer(&test.app, &panic_over_a_secret, Request::default()).await;
    assert_eq!(answer.status(), 500);
    let body = str::from_utf8(answer.body()).unwrap();
    assert!(body.contains("\"internal\"") && !body.contains("hush"), "{body}");
}

async fn panic_over_a_secret(_: &App, _: Request) -> Result<Response> {
    panic!("hush");
}

#[tokio::test]
async fn a_secret_that_is_broken_is_not_shown() {
    let test = TestApp::start().await;
    let client = test.client(&crosswalk::Scope::ALL).await;
    test.secrets.put("signing-key", &json!({"kid": "k", "privateKey": "AAAA-not-base64"})).await;
    let answer = test.token(&client).await.expect(500);
    assert_eq!(answer.json()["error"], "server_error");
    assert_says_nothing(&answer);
    test.secrets.put("verification-keys", &json!(["hush"])).await;
    let answer = test.ask("GET", "/contacts/x").header("authorization", &unknown_token()).send().await.expect(500);
    assert_eq!(answer.problem(), "internal");
    assert_says_nothing(&answer);
}

/// Of the form of a token of ours, and by nobody.
fn unknown_token() -> String {
    use base64::Engine;
    let header = json!({"alg": "EdDSA", "typ": "JWT", "kid": "k"}).to_string();
    format!("Bearer {}.e30.AA", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(header))
}

#[track_caller]
fn assert_says_nothing(answer: &Answer) {
    let text = match answer.json() {
        Value::Object(mut members) => {
            members.remove("instance");
            Value::Object(members).to_string().to_lowercase()
        }
        other => other.to_string(),
    };
    for word in ["relation", "sqlstate", "42p01", "select", "insert", "postgres", "base64", "hush", "column", "panic"] {
        assert!(!text.contains(word), "{text}");
    }
}

#[tokio::test]
async fn every_answer_tells_browsers_to_take_it_for_nothing_else() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let created = api.create(&grace()).await.expect(201);
    let unsigned = test.ask("POST", "/webhooks/cn_none").send().await.expect(401);
    let elsewhere = test.ask("GET", "/nowhere").send().await.expect(404);
    for answer in [created, unsigned, elsewhere, test.token(&api.client).await.expect(200)] {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("strict-transport-security").starts_with("max-age="));
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    }
}
