//! Every route asks who is calling, and what the caller may do, before it does anything.

use crosswalk::Scope;
use serde_json::{Value, json};
use support::app::{Api, Ask, Setup, TestApp, ada};
use support::proxy::Proxy;
use support::remote::{Remote, record};
use support::services;
use uuid::Uuid;

/// A route: its method, its path, a body, and what a token must reach.
type Route = (&'static str, String, Option<Value>, Scope);

#[tokio::test]
async fn a_route_needs_a_token_of_its_scope() {
    let test = Setup::default().setting("CROSSWALK_TOKEN_RATE_PER_ADDRESS", "100").start().await;
    let owner = test.api().await;
    let there = prepare(&owner).await;
    for (method, path, body, scope) in routes(&there) {
        let ask = |ask: Ask| if let Some(body) = &body { ask.json(body) } else { ask };
        let case = format!("{method} {path}");
        let answer = ask(test.ask(method, &path)).send().await;
        assert_eq!((answer.status, answer.problem()), (401, "token-missing".to_owned()), "{case}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{case}");
        let others: Vec<_> = Scope::ALL.into_iter().filter(|it| *it != scope).collect();
        let other = Api::of(&test, test.client_of(&owner.client.tenant, &others).await).await;
        let answer = ask(other.ask(method, &path)).send().await;
        assert_eq!((answer.status, answer.problem()), (403, "scope-missing".to_owned()), "{case}");
        assert!(!answer.header("ratelimit").is_empty(), "{case}");
    }
    assert_eq!(test.events(&there.contact).await.len(), 1, "nothing was done");
}

#[tokio::test]
async fn what_is_another_tenants_is_not_there() {
    let test = TestApp::start().await;
    let (owner, stranger) = (test.api().await, test.api().await);
    let there = prepare(&owner).await;
    let Prepared { contact, webhook } = &there;
    let named = |path: &str| path.contains(contact) || path.contains(webhook) || path.starts_with("/connections");
    for (method, path, body, _) in routes(&there).into_iter().filter(|(_, path, ..)| named(path)) {
        let ask = stranger.ask(method, &path).header("if-match", "*");
        let ask = if let Some(body) = &body { ask.json(body) } else { ask };
        let answer = ask.send().await;
        assert_eq!(answer.status, 404, "{method} {path}");
        assert!(answer.problem().ends_with("-not-found") && answer.problem() != "route-not-found", "{method} {path}");
    }
    for path in ["/contacts", "/webhook-events", "/sync-failures", "/sync-conflicts"] {
        let list = stranger.ask("GET", path).send().await.expect(200).json();
        assert_eq!(list, json!({"items": []}), "{path}");
    }
    let matching = stranger.ask("POST", "/webhook-events/replay").json(&json!({"state": "dead"})).send().await;
    assert_eq!(matching.expect(202).json()["replayed"], 0);
    assert_eq!(test.events(contact).await.len(), 1, "nothing was done");
    assert_eq!(test.count("webhook_events where state = 'dead'").await, 1);
    assert_eq!(test.count("links where state = 'dead'").await, 1);
}

#[tokio::test]
async fn every_route_counts_and_refuses_who_asks_too_often() {
    let setup = Setup::default().setting("CROSSWALK_RATE_LIMIT", "1/2");
    let test = setup.setting("CROSSWALK_TOKEN_RATE_PER_ADDRESS", "100").start().await;
    let nothing = Prepared { contact: Uuid::now_v7().to_string(), webhook: Uuid::now_v7().to_string() };
    for (method, path, body, _) in routes(&nothing) {
        let api = test.api().await;
        let mut answers = Vec::new();
        for _ in 0..3 {
            let ask = api.ask(method, &path);
            let ask = if let Some(body) = &body { ask.json(body) } else { ask };
            answers.push(ask.send().await);
        }
        let case = format!("{method} {path}");
        assert_eq!(answers.iter().filter(|answer| answer.status == 429).count(), 1, "{case}: {answers:?}");
        assert_eq!((answers[2].status, answers[2].problem()), (429, "rate-limited".to_owned()), "{case}");
        assert!(!answers[2].header("retry-after").is_empty(), "{case}");
        for answer in &answers {
            assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=2;w=2", "{case}");
        }
    }
}

#[tokio::test]
async fn every_body_is_asked_for_its_type_its_size_and_its_syntax() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let there = prepare(&api).await;
    for (method, path, body, _) in routes(&there) {
        // What a route can do without it may leave out.
        if method == "GET" {
            continue;
        }
        let ask = || api.ask(method, &path).header("if-match", "*");
        let json = || ask().header("content-type", "application/json");
        let large = " ".repeat(if path == "/contacts/batch" { 5 << 20 } else { 300_000 });
        for (ask, status, code) in [
            (ask().header("content-type", "text/plain").body("{}"), 415, "unsupported-media-type"),
            (json().body(large), 413, "body-too-large"),
            (json().body("{\"a\": }"), 400, "malformed"),
            (json().body(&b"{\"a\": \"\xff\"}"[..]), 400, "malformed"),
            (json().body("{\"a\": 1, \"a\": 1}"), 400, "malformed"),
            (json().body("[]"), 422, "invalid"),
        ] {
            let answer = ask.send().await;
            assert_eq!((answer.status, answer.problem()), (status, code.to_owned()), "{method} {path}");
        }
        let empty = json().send().await;
        assert_eq!(empty.status == 400, body.is_some(), "{method} {path}: {empty:?}");
        if body.is_none() {
            api.restore(&there.contact).await.expect(200);
        }
    }
}

#[tokio::test]
async fn with_postgresql_away_every_route_says_so_and_does_nothing() {
    let (proxy, _) = Proxy::before(&services::database_url()).await;
    let address = proxy.address();
    let setup = Setup::default().database_at(&address.ip().to_string(), address.port());
    let test = setup.setting("CROSSWALK_CACHE_SECONDS", "0").start().await;
    let api = test.api().await;
    let there = prepare(&api).await;
    let ask = async |(method, path, body, _): Route| {
        let ask = api.ask(method, &path).header("if-match", "*");
        let ask = if let Some(body) = &body { ask.json(body) } else { ask };
        (format!("{method} {path}"), ask.send().await)
    };
    proxy.cut().await;
    for route in routes(&there) {
        let (case, answer) = ask(route).await;
        assert_eq!((answer.status, answer.problem()), (503, "unavailable".to_owned()), "{case}");
        assert!(!answer.header("retry-after").is_empty(), "{case}");
    }
    assert_eq!((test.count("contacts").await, test.events(&there.contact).await.len()), (1, 1));
    assert_eq!(test.count("webhook_events where state = 'dead'").await, 1);
    proxy.pass().await;
    for route in routes(&there) {
        let (case, answer) = ask(route).await;
        // Since the contact was deleted along the way, some now say that it is gone.
        assert!(answer.status < 300 || answer.status == 410, "{case}: {answer:?}");
    }
}

/// All routes that ask for a token.
fn routes(there: &Prepared) -> Vec<Route> {
    let (read, write) = (Scope::ContactsRead, Scope::ContactsWrite);
    let contact = format!("/contacts/{}", there.contact);
    let remote = "/connections/cn_guarded/contacts/7".to_owned();
    let webhook = format!("/webhook-events/{}", there.webhook);
    let failure = format!("/sync-failures/cn_guarded.{}", there.contact);
    vec![
        ("GET", "/webhook-events".to_owned(), None, Scope::WebhooksRead),
        ("GET", webhook.clone(), None, Scope::WebhooksRead),
        ("POST", format!("{webhook}/replay"), None, Scope::WebhooksWrite),
        ("POST", "/webhook-events/replay".to_owned(), Some(json!({"state": "dead"})), Scope::WebhooksWrite),
        ("GET", "/sync-failures".to_owned(), None, Scope::SyncRead),
        ("POST", format!("{failure}/replay"), None, Scope::SyncWrite),
        ("GET", "/sync-conflicts".to_owned(), None, Scope::SyncRead),
        ("POST", "/contacts".to_owned(), Some(ada()), write),
        ("GET", "/contacts".to_owned(), None, read),
        ("POST", "/contacts/batch".to_owned(), Some(json!({"items": [ada()]})), write),
        ("GET", contact.clone(), None, read),
        ("PUT", contact.clone(), Some(ada()), write),
        ("PATCH", contact.clone(), Some(json!({"title": "x"})), write),
        ("DELETE", contact.clone(), None, write),
        ("POST", format!("{contact}/restore"), None, write),
        ("GET", format!("{contact}/history"), None, read),
        ("GET", remote.clone(), None, read),
        ("PUT", remote, Some(record("7")), write),
    ]
}

/// What the routes name.
struct Prepared {
    contact: String,
    webhook: String,
}

/// A connection with a contact whose link is dead, and a webhook that is.
async fn prepare(api: &Api<'_>) -> Prepared {
    let crm = Remote::connect(api, "cn_guarded").await;
    let contact = crm.put("7", &record("7")).await.expect(201).id();
    let (_, webhook) = crm.receive("ev_1", Some("7")).await;
    api.test.execute("update links set state = 'dead', failure = 'no'").await;
    api.test.execute("update webhook_events set state = 'dead', failure = 'no'").await;
    Prepared { contact, webhook }
}
