//! The whole as it runs locally: over HTTP, through `cargo lambda watch`, by the routes of template.yaml.

use std::fs;
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use support::app::{TestApp, ada};
use support::kafka::Topic;
use support::relay::Relays;
use support::remote;
use support::wait::eventually;
use support::watch::Watch;

/// The first request to a function starts it.
const START: Duration = Duration::from_mins(1);

#[tokio::test]
async fn the_application_answers_over_http() {
    let test = TestApp::start().await;
    let topic = Topic::create().await;
    let relays = Relays::of(&test, &topic).setting("CROSSWALK_SHIFT_SECONDS", "2");
    let watch = Watch::start(relays.environment()).await;
    let http = Http { client: Client::builder().timeout(START).build().unwrap(), url: watch.url().to_owned() };
    let healthy = || async { http.ask(Method::GET, "/health").send().await.is_ok_and(|it| it.status() == 200) };
    eventually("the emulator to answer", START, healthy).await;

    let client = test.client(&crosswalk::auth::Scope::ALL).await;
    let token = http.ask(Method::POST, "/oauth/token").basic_auth(&client.id, Some(client.secret.reveal()));
    let token = token.header("content-type", "application/x-www-form-urlencoded").body("grant_type=client_credentials");
    let token = body(expect(token, 200).await).await["access_token"].as_str().unwrap().to_owned();
    let ask = |method, path: &str| http.ask(method, path).bearer_auth(&token);

    let created = expect(ask(Method::POST, "/contacts").json(&ada()), 201).await;
    let path = header(&created, "location");
    assert_eq!(header(&created, "etag"), "\"1\"");
    let contact = body(created).await;
    assert_eq!(path, format!("/contacts/{}", contact["id"].as_str().unwrap()));

    let read = expect(ask(Method::GET, &path), 200).await;
    assert_eq!(header(&read, "x-cache"), "hit");
    assert!(!header(&read, "ratelimit").is_empty());
    assert_eq!(body(read).await, contact);
    let unchanged = expect(ask(Method::GET, &path).header("if-none-match", "\"1\""), 304).await;
    assert_eq!(header(&unchanged, "etag"), "\"1\"");

    let change = |version: &str, media_type: &str| {
        let request = ask(Method::PATCH, &path).header("if-match", format!("\"{version}\""));
        request.header("content-type", media_type).body(r#"{"title": null, "notes": "Größe"}"#)
    };
    // A media type that the emulator does not know as text comes to the function in base64.
    let patched = expect(change("1", "application/merge-patch+json"), 200).await;
    assert_eq!(header(&patched, "etag"), "\"2\"");
    assert_eq!(body(patched).await["notes"], "Größe");
    problem(change("1", "application/json"), 412, "precondition-failed").await;

    problem(ask(Method::POST, "/contacts").json(&json!({"email": "nobody"})), 422, "invalid").await;
    let broken = ask(Method::POST, "/contacts").header("content-type", "application/json");
    problem(broken.body("{\"firstName\": "), 400, "malformed").await;
    problem(http.ask(Method::GET, &path), 401, "token-missing").await;
    problem(ask(Method::GET, "/contacts/no-id"), 404, "contact-not-found").await;
    for path in ["/", "/nothing", "/nothing/here", "/contacts/1/2", "/contacts/"] {
        problem(ask(Method::GET, path), 404, "route-not-found").await;
    }
    for method in [Method::DELETE, Method::PUT, Method::OPTIONS] {
        let refused = problem(ask(method, "/contacts"), 405, "method-not-allowed").await;
        assert_eq!(refused, "GET, POST");
    }
    assert_eq!(problem(ask(Method::POST, &path), 405, "method-not-allowed").await, "DELETE, GET, PATCH, PUT");

    let batch = ask(Method::POST, "/contacts/batch").json(&json!({"items": [ada(), 7]}));
    assert_eq!(body(expect(batch, 207).await).await["items"][1]["status"], 422);
    let found = body(expect(ask(Method::GET, "/contacts?tag=poetry&q=%20love&limit=1"), 200).await).await;
    assert!(found["items"][0]["lastName"] == "Lovelace" && found["next"].is_string(), "{found}");
    let deleted = expect(ask(Method::DELETE, &path).header("if-match", "*"), 204).await;
    assert_eq!(header(&deleted, "etag"), "\"3\"");
    expect(ask(Method::POST, &format!("{path}/restore")).json(&json!({"version": 3})), 200).await;
    let history = body(expect(ask(Method::GET, &format!("{path}/history")), 200).await).await;
    assert_eq!(history["items"][0]["type"], "contact.restored");

    let connection = test.past().connection(&client.tenant).await;
    let record = format!("/connections/{connection}/contacts/remote-7");
    expect(ask(Method::PUT, &record).json(&remote::record("remote-7")), 201).await;
    assert_eq!(body(expect(ask(Method::GET, &record), 200).await).await, remote::record("remote-7"));

    // The page comes whole, and what is packed stays packed.
    let page = expect(http.ask(Method::GET, "/docs"), 200).await.text().await.unwrap();
    let script = page.split("src=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let script = expect(http.ask(Method::GET, script).header("accept-encoding", "gzip"), 200).await;
    assert_eq!(header(&script, "content-encoding"), "gzip");
    let packed = script.bytes().await.unwrap();
    assert!(packed.starts_with(b"\x1f\x8b") && packed.len() > 100_000, "{} bytes", packed.len());

    // As the schedule calls it. The emulator's deadline is a moment in 1970.
    let shift = http.ask(Method::POST, "/2015-03-31/functions/relay-outbox/invocations").json(&json!({}));
    let report = body(expect(shift, 200).await).await;
    assert_eq!(report["published"], 6, "{report}");
    test.outbox().assert_published(&topic).await;

    assert!(watch.stop().await.is_some(), "it ends when it is asked to");
    let left = || async { functions_of(&test).is_empty() };
    eventually("its functions to be gone", Duration::from_secs(10), left).await;
}

struct Http {
    client: Client,
    url: String,
}

impl Http {
    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }
}

async fn expect(request: RequestBuilder, status: u16) -> Response {
    let response = request.send().await.unwrap();
    if response.status() == StatusCode::from_u16(status).unwrap() {
        return response;
    }
    let (url, given) = (response.url().clone(), response.status());
    panic!("{url}: {given} instead of {status}: {}", response.text().await.unwrap());
}

/// Expects a problem of this code; gives its `Allow`.
async fn problem(request: RequestBuilder, status: u16, code: &str) -> String {
    let response = expect(request, status).await;
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    let allow = header(&response, "allow");
    let problem = body(response).await;
    assert_eq!(problem["code"], code, "{problem}");
    allow
}

fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

async fn body(response: Response) -> Value {
    response.json().await.unwrap()
}

/// The processes that have this test's settings in their environment.
fn functions_of(test: &TestApp) -> Vec<String> {
    let mark = format!("CROSSWALK_REDIS_PREFIX={}", test.app.config.redis.prefix);
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| Some(entry.ok()?.path()));
    let marked = processes.filter(|process| {
        let environment = fs::read(process.join("environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    });
    marked.map(|process| process.display().to_string()).collect()
}
