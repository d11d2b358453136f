//! Logging in at a CRM: once for all calls of all instances, and again when the token is no longer good.

use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::{Json, Router};
use futures::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};
use support::account::Account;
use support::app::{Api, Setup, TestApp};
use support::crm::Crm;
use support::proxy::Proxy;
use support::pushes::Pushes;
use support::services;
use tokio::net::TcpListener;

const LOGIN: &str = "POST /auth/login";

async fn start() -> TestApp {
    Setup::default().calls_freely().start().await
}

#[tokio::test]
async fn one_login_is_enough_for_many_calls_and_for_other_instances() {
    let test = start().await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let one = Pushes::of(&api, test.another_instance());
    one.push(&api.create_many(20).await).await;
    assert_eq!((api.links("synced").await, crm.asked(LOGIN).await), (20, 1));
    one.push(&api.create_many(1).await).await;
    Pushes::of(&api, test.another_instance()).push(&api.create_many(1).await).await;
    assert_eq!((api.links("synced").await, crm.asked(LOGIN).await), (22, 1));
    assert_eq!(crm.records().await.len(), 22);
}

#[tokio::test]
async fn of_instances_that_need_a_token_at_once_one_logs_in() {
    let test = start().await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    crm.faults(acme_crm::Faults { latency_ms: 100, ..acme_crm::Faults::default() });
    let instances: Vec<_> = (0..3).map(|_| Pushes::of(&api, test.another_instance())).collect();
    let mut contacts = Vec::new();
    for _ in &instances {
        contacts.push(api.create_many(4).await);
    }
    join_all(instances.iter().zip(&contacts).map(|(instance, contacts)| instance.push(contacts))).await;
    assert_eq!((api.links("synced").await, crm.asked(LOGIN).await), (12, 1));
}

#[tokio::test]
async fn a_token_that_is_no_longer_good_is_replaced_once() {
    let test = start().await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let until = Timestamp::now().as_second() + 3600;
    keep(&api, &crm, &json!({"token": "not good any more", "until": until}).to_string()).await;
    Pushes::of(&api, test.another_instance()).push(&api.create_many(12).await).await;
    assert_eq!((api.links("synced").await, crm.asked(LOGIN).await), (12, 1));
}

#[tokio::test]
async fn a_token_that_ends_soon_or_can_not_be_read_is_not_used() {
    let test = start().await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let soon = json!({"token": "nobody tries it", "until": Timestamp::now().as_second() + 20}).to_string();
    for (number, kept) in [soon.as_str(), "{", "null", "[\"token\"]"].into_iter().enumerate() {
        keep(&api, &crm, kept).await;
        Pushes::of(&api, test.another_instance()).push(&api.create_many(1).await).await;
        assert_eq!(crm.asked(LOGIN).await, 1 + u64::try_from(number).unwrap(), "{kept}");
    }
    assert_eq!(crm.asked("POST /contacts").await, 4);
}

#[tokio::test]
async fn without_redis_each_instance_logs_in_by_itself_and_writes() {
    let (proxy, url) = Proxy::before(&services::redis_url()).await;
    let test = Setup::default().redis_at(&url).start().await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let contacts = [api.create_many(12).await, api.create_many(12).await];
    proxy.cut().await;
    for contacts in &contacts {
        // Nobody counts calls either: with the quota of ten a second it would take longer than a batch may.
        Pushes::of(&api, test.another_instance()).push(contacts).await;
    }
    assert_eq!(api.links("synced").await, 24);
    // Tasks that begin together each find that there is nobody to wait for.
    let logins = crm.asked(LOGIN).await;
    assert!((2..=8).contains(&logins), "{logins}");
}

#[tokio::test]
async fn a_password_that_is_refused_is_told_and_the_right_one_is_found() {
    let test = start().await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let secret = |password: &str| json!({"username": "crosswalk", "password": password, "webhookSecret": "x"});
    test.secrets.put(&crm.connection, &secret("of yesterday")).await;
    let contacts = api.create_many(3).await;
    Pushes::of(&api, test.another_instance()).push(&contacts).await;
    for id in &contacts {
        let link = api.link(id, &crm.connection).await;
        assert!(["failing", "pending"].contains(&link["state"].as_str().unwrap()), "{link}");
        assert!(link["retry_in"].as_f64().is_some(), "{link}");
    }
    let reason = "no login at the CRM: it refuses the username or the password";
    assert!(test.count(&format!("links where failure = '{reason}'")).await > 0);
    assert_eq!(test.count("links where failure like '%yesterday%'").await, 0);

    test.secrets.put(&crm.connection, &secret("crosswalk")).await;
    Pushes::of(&api, test.another_instance()).push(&contacts).await;
    assert_eq!(api.links("synced").await, 3);
}

#[tokio::test]
async fn shared_token_that_cannot_be_sent_is_replaced_once() {
    let test = start().await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let until = Timestamp::now().as_second() + 3600;
    for (number, token) in ["a\r\nx: y", "\u{0}", "line\n"].into_iter().enumerate() {
        keep(&api, &crm, &json!({"token": token, "until": until}).to_string()).await;
        Pushes::of(&api, test.another_instance()).push(&api.create_many(2).await).await;
        let expected = i64::try_from(number).unwrap() + 1;
        assert_eq!(
            (api.links("synced").await, crm.asked(LOGIN).await),
            (2 * expected, expected.unsigned_abs()),
            "{token:?}"
        );
    }
}

#[tokio::test]
async fn lifetime_of_a_login_is_bounded_and_leaves_redis_in_use() {
    for (expires_in, least, most) in [
        (json!(i64::MAX), 86_000, 86_400),
        (json!(u64::MAX), 86_000, 86_400),
        (json!(0), 1, 60),
        (json!(3600), 3_400, 3_600),
    ] {
        let test = start().await;
        let api = test.api().await;
        let account = Account::connect(&api).await;
        FakeLogin::start(&account, json!({"token": "visible", "expiresIn": expires_in})).await;
        let app = test.another_instance();
        Pushes::of(&api, app.clone()).push(&api.create_many(1).await).await;
        let key = api.app.redis.keys().pass(&api.client.tenant, &account.remote.connection);
        let client = redis::Client::open(services::redis_url()).unwrap();
        let mut redis = client.get_multiplexed_async_connection().await.unwrap();
        let left: i64 = redis::cmd("TTL").arg(&key).query_async(&mut redis).await.unwrap();
        assert!((least - 30..=most).contains(&left), "{expires_in}: {left} s");
        let health = test.ask("GET", "/health").at(app).send().await.expect(200);
        assert_eq!(health.json()["redis"], "up", "{expires_in}");
    }
}

#[tokio::test]
async fn login_with_an_unusable_token_is_refused_as_an_invalid_answer() {
    let test = start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let login = FakeLogin::start(&account, Value::Null).await;
    let long = "x".repeat(8 * 1024 + 1);
    for token in
        [json!(""), json!("two words"), json!("a\r\nb: c"), json!("caf\u{e9}"), json!("\u{7f}"), json!(long), json!(7)]
    {
        login.answer(json!({"token": token, "expiresIn": 3600}));
        let contacts = api.create_many(1).await;
        Pushes::of(&api, test.another_instance()).push(&contacts).await;
        let failure = api.link(&contacts[0], &account.remote.connection).await["failure"].to_string();
        assert!(failure.contains("no login at the CRM"), "{failure}");
        assert!(!failure.contains("caf"), "the token is quoted: {failure}");
    }
    assert_eq!(login.calls(), 0, "no call was made without a token");
    login.answer(json!({"token": "x".repeat(8 * 1024), "expiresIn": 3600}));
    let contacts = api.create_many(1).await;
    Pushes::of(&api, test.another_instance()).push(&contacts).await;
    assert!(login.calls() > 0);
}

/// A CRM that answers each login as it is told, and every other call with 404.
struct FakeLogin(Arc<Mutex<(Value, usize)>>);

impl FakeLogin {
    async fn start(account: &Account<'_>, answer: Value) -> Self {
        let state = Arc::new(Mutex::new((answer, 0)));
        let shared = Arc::clone(&state);
        let router = Router::new().fallback(async move |request: Request<Body>| {
            let mut state = shared.lock().unwrap();
            if request.uri().path() == "/auth/login" {
                return (StatusCode::OK, Json(state.0.clone()));
            }
            state.1 += 1;
            (StatusCode::NOT_FOUND, Json(Value::Null))
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let id = &account.remote.connection;
        account.remote.api.test.execute(&format!("update connections set base_url = '{url}' where id = '{id}'")).await;
        Self(state)
    }

    fn answer(&self, answer: Value) {
        self.0.lock().unwrap().0 = answer;
    }

    /// How many calls were made beside logins.
    fn calls(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

/// Leaves this in Redis as the token that all share.
async fn keep(api: &Api<'_>, crm: &Crm, text: &str) {
    let client = redis::Client::open(services::redis_url()).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let key = api.app.redis.keys().pass(&api.client.tenant, &crm.connection);
    redis::cmd("SET").arg(key).arg(text).exec_async(&mut redis).await.unwrap();
}
