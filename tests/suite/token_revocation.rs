//! Revoking tokens (RFC 7009).

use crosswalk::Scope;
use crosswalk::auth::ClientSecret;
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use serde_json::json;
use support::app::{Answer, Api, Setup, TestApp, TestClient, grace};
use support::proxy::Proxy;
use support::services;
use uuid::Uuid;

const SECURITY: &str = include_str!("../../docs/security.md");

#[tokio::test]
async fn a_revoked_token_is_refused_at_once_and_everywhere() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let elsewhere = api.at(test.another_instance());
    let id = api.create(&grace()).await.expect(201).id();
    elsewhere.get(&id).await.expect(200);

    let answer = revoke(&test, &api.client, &api.token).await.expect(200);
    assert_eq!((answer.body.len(), answer.header("cache-control")), (0, "no-store"));
    for api in [&api, &elsewhere, &api.at(test.another_instance())] {
        let refused = api.get(&id).await.expect(401);
        assert_eq!(refused.problem(), "token-refused");
        assert!(refused.header("www-authenticate").starts_with("Bearer "), "{refused:?}");
        assert!(refused.header("www-authenticate").contains("error=\"invalid_token\""), "{refused:?}");
    }
    assert_eq!(test.count("revocations").await, 1);
    let next = Api::of(&test, api.client.clone()).await;
    next.get(&id).await.expect(200);
}

#[tokio::test]
async fn revoking_again_or_what_is_no_token_is_as_well() {
    let test = TestApp::start().await;
    let api = test.api().await;
    for _ in 0..2 {
        revoke(&test, &api.client, &api.token).await.expect(200);
    }
    let long = "x".repeat(5000);
    for unknown in ["nonsense", "a.b.c", "%00", &long] {
        revoke(&test, &api.client, unknown).await.expect(200);
    }
    assert_eq!(test.count("revocations").await, 1);
}

#[tokio::test]
async fn an_expired_token_is_as_revoked_as_it_can_be() {
    let test = Setup::default().setting("CROSSWALK_TOKEN_SECONDS", "0").start().await;
    let client = test.client(&Scope::ALL).await;
    let api = Api::of(&test, client.clone()).await;
    api.create(&grace()).await.expect(401);
    revoke(&test, &client, &api.token).await.expect(200);
    assert_eq!(test.count("revocations").await, 0);
}

#[tokio::test]
async fn a_client_revokes_its_own_tokens_and_no_others() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let colleague = test.client_of(&api.client.tenant, &Scope::ALL).await;
    let stranger = test.client(&Scope::ALL).await;
    for other in [&colleague, &stranger] {
        let refused = revoke(&test, other, &api.token).await.expect(400);
        assert_eq!(refused.json()["error"], "invalid_grant");
    }
    api.create(&grace()).await.expect(201);
    assert_eq!(test.count("revocations").await, 0);
}

#[tokio::test]
async fn without_the_right_secret_nothing_is_revoked() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let guess = TestClient { secret: ClientSecret::generate(), ..api.client.clone() };
    let unknown = TestClient { id: "cl_nobody".into(), ..api.client.clone() };
    for client in [&guess, &unknown] {
        for token in [api.token.as_str(), "nonsense"] {
            let refused = revoke(&test, client, token).await.expect(401);
            assert_eq!(refused.json()["error"], "invalid_client");
        }
    }
    let own = format!("client_id={}&client_secret={}", api.client.id, api.client.secret.reveal());
    for form in [own.clone(), format!("token=&{own}"), format!("token=a&token=b&{own}")] {
        let refused = test.ask("POST", "/oauth/revoke").form(form).send().await.expect(400);
        assert_eq!(refused.json()["error"], json!("invalid_request"));
    }
    api.create(&grace()).await.expect(201);
    assert_eq!(test.count("revocations").await, 0);
}

#[tokio::test]
async fn disabled_client_loses_its_tokens_within_a_minute() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let colleague = Api::of(&test, test.client_of(&api.client.tenant, &Scope::ALL).await).await;
    for api in [&api, &colleague] {
        api.get(&missing()).await.expect(404);
    }
    test.execute(&format!("update clients set disabled_at = now() where id = '{}'", api.client.id)).await;
    a_minute_later(&test).await;
    for _ in 0..2 {
        assert_eq!(api.get(&missing()).await.expect(401).problem(), "token-refused");
        colleague.get(&missing()).await.expect(404);
    }
}

#[tokio::test]
async fn token_issued_before_its_clients_valid_time_is_refused_and_a_later_one_is_not() {
    let (proxy, url) = Proxy::before(&services::redis_url()).await;
    let test = Setup::default().redis_at(&url).setting("CROSSWALK_REDIS_BREAKER_MS", "0").start().await;
    let api = test.api().await;
    api.get(&missing()).await.expect(404);
    let valid_from = async |time: &str| {
        test.execute(&format!("update clients set tokens_valid_from = {time} where id = '{}'", api.client.id)).await;
        a_minute_later(&test).await;
    };
    valid_from("now() + interval '1 second'").await;
    api.get(&missing()).await.expect(401);
    proxy.cut().await;
    api.get(&missing()).await.expect(401);
    proxy.pass().await;

    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    let later = Api::of(&test, api.client.clone()).await;
    later.get(&missing()).await.expect(404);
    api.get(&missing()).await.expect(401);
    proxy.cut().await;
    later.get(&missing()).await.expect(404);
    api.get(&missing()).await.expect(401);
    proxy.pass().await;

    valid_from("null").await;
    api.get(&missing()).await.expect(404);
}

#[tokio::test]
async fn documented_steps_cut_off_a_client_whose_secret_was_stolen() {
    let test = TestApp::start().await;
    let tenant = test.client(&Scope::ALL).await.tenant;
    let secret = ClientSecret::generate();
    let stolen = TestClient { id: "cl_harbour".to_owned(), tenant: tenant.clone(), secret: ClientSecret::generate() };
    test.execute(&format!(
        "insert into clients (id, tenant_id, name, secret_sha256, scopes) \
         values ('cl_harbour', '{tenant}', 'Client', sha256('{}'), '{{contacts:read}}')",
        stolen.secret.reveal()
    ))
    .await;
    let thief = Api::of(&test, stolen.clone()).await;
    thief.get(&missing()).await.expect(404);
    let statements: Vec<_> = SECURITY.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let statement = |words: &str| *statements.iter().find(|it| it.contains(words)).expect("a statement of the page");

    test.execute(statement("disabled_at = now()")).await;
    a_minute_later(&test).await;
    thief.get(&missing()).await.expect(401);
    test.token(&stolen).await.expect(401);

    let placeholder = format!("decode('{}', 'hex')", "0".repeat(64));
    let hash = format!("sha256('{}')", secret.reveal());
    test.execute(&statement("secret_sha256").replace(&placeholder, &hash)).await;
    a_minute_later(&test).await;
    thief.get(&missing()).await.expect(401);
    test.token(&stolen).await.expect(401);
    let owner = Api::of(&test, TestClient { secret, ..stolen }).await;
    owner.get(&missing()).await.expect(404);
}

#[tokio::test]
async fn eviction_of_any_key_lets_no_revoked_token_in() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let other = Api::of(&test, api.client.clone()).await;
    for round in 0..2 {
        other.get(&missing()).await.expect(404);
        if round == 0 {
            revoke(&test, &api.client, &api.token).await.expect(200);
        }
        api.get(&missing()).await.expect(401);
        let keys = revocation_keys(&test).await;
        assert!(!keys.is_empty());
        for key in keys {
            let mut redis = redis().await;
            let left: i64 = redis.ttl(&key).await.unwrap();
            assert!((1..=901).contains(&left), "{key} lives for {left} s");
            // Everything is loaded, and then this key alone is gone.
            other.get(&missing()).await.expect(404);
            let _: () = redis.del(&key).await.unwrap();
            api.get(&missing()).await.expect(401);
        }
        other.get(&missing()).await.expect(404);
    }
}

/// Removes what Redis has of revocations, as the end of its minute does.
async fn a_minute_later(test: &TestApp) {
    for key in revocation_keys(test).await {
        let left: i64 = redis().await.ttl(&key).await.unwrap();
        assert!(left <= 60, "{key} lives for {left} s");
        let _: () = redis().await.del(&key).await.unwrap();
    }
}

async fn revocation_keys(test: &TestApp) -> Vec<String> {
    let prefix = &test.app.config.redis.prefix;
    assert!(!prefix.is_empty(), "the server is shared");
    redis().await.keys(format!("{prefix}*:revo*")).await.unwrap()
}

async fn redis() -> MultiplexedConnection {
    let client = redis::Client::open(services::redis_url()).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// The id of no contact: 404 to a caller that is let in.
fn missing() -> String {
    Uuid::now_v7().to_string()
}

async fn revoke(test: &TestApp, client: &TestClient, token: &str) -> Answer {
    let own = format!("client_id={}&client_secret={}", client.id, client.secret.reveal());
    test.ask("POST", "/oauth/revoke").form(format!("token={token}&token_type_hint=access_token&{own}")).send().await
}
