//! Revoking tokens (RFC 7009).

use crosswalk::Scope;
use crosswalk::auth::ClientSecret;
use serde_json::json;
use support::app::{Answer, Api, Setup, TestApp, TestClient, grace};

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

async fn revoke(test: &TestApp, client: &TestClient, token: &str) -> Answer {
    let own = format!("client_id={}&client_secret={}", client.id, client.secret.reveal());
    test.ask("POST", "/oauth/revoke").form(format!("token={token}&token_type_hint=access_token&{own}")).send().await
}
