//! Secrets Manager is asked seldom, whatever callers send, and its absence stops nobody who has its secrets.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use lambda_http::http::Request;
use serde_json::json;
use support::app::{Api, TestApp, grace};
use support::gateway;
use support::proxy::Proxy;
use support::runtime_api::Function;
use support::services;
use support::wait::eventually;
use tokio::time::Instant;

/// Long enough for any request but one that waits for Secrets Manager in vain, which takes five seconds.
const QUICK: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_flood_of_made_up_keys_costs_secrets_manager_nothing() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    let (proxy, url) = Proxy::before(&services::aws_endpoint_url()).await;
    let endpoint = [("AWS_ENDPOINT_URL".to_owned(), url)];
    let function = Function::start("get-contact", test.environment.iter().cloned().chain(endpoint)).await;
    assert_eq!(get(&function, &id, &api.token).await, 200);

    // The keys were read a moment ago. What the start reads ahead of the first request may still be on its way after it.
    eventually("a flood that costs nothing", Duration::from_secs(5), async || {
        let before = proxy.trips();
        flood(&function, &id).await;
        proxy.trips() == before
    })
    .await;
    let at_first = proxy.trips();
    assert!(at_first > 0, "the function reaches Secrets Manager by the proxy");

    // Ten seconds later one of the flood has them read again, and again the rest has not.
    eventually("the keys to be read again", Duration::from_secs(30), async || {
        assert_eq!(get(&function, &id, &made_up()).await, 401);
        proxy.trips() > at_first
    })
    .await;
    flood(&function, &id).await;
    assert_eq!(proxy.trips(), at_first + 1);

    // The next one finds Secrets Manager silent, and pays for it; those after it do not.
    proxy.stall().await;
    eventually("a made-up key to ask in vain", Duration::from_mins(1), async || {
        let began = Instant::now();
        assert_eq!(get(&function, &id, &made_up()).await, 401);
        began.elapsed() > QUICK
    })
    .await;
    let began = Instant::now();
    flood(&function, &id).await;
    let another = Api::of(&test, api.client.clone()).await;
    assert_eq!(get(&function, &id, &another.token).await, 200, "a token that is new to the function");
    assert!(began.elapsed() < QUICK, "{:?}", began.elapsed());
    assert!(function.metric("get-contact", "SecretRefreshFailures").is_some_and(|count| count > 0.0));
    assert!(function.log().contains("the secret could not be read again"));
}

async fn flood(function: &Function, id: &str) {
    for _ in 0..20 {
        assert_eq!(get(function, id, &made_up()).await, 401);
    }
}

async fn get(function: &Function, id: &str, token: &str) -> u16 {
    let request = Request::get(format!("/contacts/{id}")).header("authorization", format!("Bearer {token}"));
    let request = request.body(Bytes::new()).unwrap();
    gateway::call(function, "GET /contacts/{id}", &request).await.unwrap().status().as_u16()
}

/// Of the form of a token of ours, naming a key that never was.
fn made_up() -> String {
    let header = json!({"alg": "EdDSA", "typ": "JWT", "kid": uuid::Uuid::now_v7()}).to_string();
    format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(header))
}
