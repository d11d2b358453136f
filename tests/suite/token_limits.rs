//! Limits of the token endpoints: a right secret is charged to the client, a wrong one to the address that sent it.

use crosswalk::Scope;
use crosswalk::auth::ClientSecret;
use serde_json::{Value, json};
use support::app::{Answer, Api, Ask, Setup, TestApp, TestClient, grace};
use support::log;

const ATTACKER: &str = "198.51.100.7";
const OWNER: &str = "203.0.113.9";

#[tokio::test]
async fn wrong_secrets_leave_the_quota_of_the_client_alone() {
    let test = start(3, 1_000).await;
    let client = test.client(&Scope::ALL).await;
    for _ in 0..3 {
        token(&test, &guess(&client), ATTACKER).await.expect(401);
    }
    // Further attempts from this address are rejected for this client only.
    assert_limited(&token(&test, &guess(&client), ATTACKER).await, 20);
    let other = test.client_of(&client.tenant, &Scope::ALL).await;
    token(&test, &other, ATTACKER).await.expect(200);
    token(&test, &client, OWNER).await.expect(200);
    revoke(&test, &client, "x", OWNER).await.expect(200);
}

#[tokio::test]
async fn right_secret_is_charged_to_the_client_and_to_no_address() {
    let test = start(3, 2).await;
    let client = test.client(&Scope::ALL).await;
    for address in [OWNER, OWNER, ATTACKER] {
        token(&test, &client, address).await.expect(200);
    }
    for address in [OWNER, ATTACKER, "192.0.2.1"] {
        assert_limited(&token(&test, &client, address).await, 20);
    }
    // A revocation shows the secret too and counts with the token requests.
    assert_limited(&revoke(&test, &client, "x", OWNER).await, 20);
    let other = test.client_of(&client.tenant, &Scope::ALL).await;
    token(&test, &other, OWNER).await.expect(200);
}

#[tokio::test]
async fn address_over_its_quota_is_rejected_before_the_client_is_looked_up() {
    let test = start(1_000, 3).await;
    let client = test.client(&Scope::ALL).await;
    for number in 0..3 {
        let unknown = TestClient { id: format!("cl_{number}"), ..client.clone() };
        token(&test, &unknown, ATTACKER).await.expect(401);
    }
    for answer in [token(&test, &client, ATTACKER).await, revoke(&test, &client, "x", ATTACKER).await] {
        assert_limited(&answer, 20);
        let line = log::of_request(answer.header("x-request-id"));
        assert_eq!((&line["postgresqlTrips"], &line["redisTrips"]), (&json!(0), &json!(1)), "{line}");
    }
    token(&test, &client, OWNER).await.expect(200);
}

#[tokio::test]
async fn requests_of_one_ipv6_network_share_a_quota() {
    let test = start(1_000, 2).await;
    let client = test.client(&Scope::ALL).await;
    for address in ["2001:db8:1:2::1", "2001:db8:1:2:ffff::7"] {
        token(&test, &guess(&client), address).await.expect(401);
    }
    assert_limited(&token(&test, &client, "2001:db8:1:2::3").await, 30);
    token(&test, &client, "2001:db8:1:3::1").await.expect(200);
}

#[tokio::test]
async fn requests_without_a_source_address_share_a_quota() {
    let test = start(1_000, 2).await;
    let client = test.client(&Scope::ALL).await;
    for address in [None, Some("not an address")] {
        ask_token(&test, &guess(&client)).from_address(address).send().await.expect(401);
    }
    assert_limited(&ask_token(&test, &client).from_address(None).send().await, 30);
    token(&test, &client, OWNER).await.expect(200);
}

#[tokio::test]
async fn client_id_of_impossible_form_is_rejected_without_asking_a_store() {
    let test = TestApp::start().await;
    let client = test.client(&Scope::ALL).await;
    for id in
        ["cl_", "cl_a-b", "cl_a_b", "tn_a", "CL_a", "cl_%C3%A9", &format!("cl_{}", "x".repeat(41)), &"x".repeat(9_000)]
    {
        let unknown = TestClient { id: id.to_owned(), ..client.clone() };
        for answer in [token(&test, &unknown, ATTACKER).await, revoke(&test, &unknown, "x", ATTACKER).await] {
            assert_eq!(answer.clone().expect(401).json()["error"], "invalid_client");
            let line = log::of_request(answer.header("x-request-id"));
            assert_eq!((&line["postgresqlTrips"], &line["redisTrips"]), (&json!(0), &json!(0)), "{line}");
            assert_eq!(line["client"], Value::Null);
        }
    }
}

#[tokio::test]
async fn refused_login_is_logged_with_the_client_and_a_hash_of_the_address() {
    let test = start(2, 1_000).await;
    let client = test.client(&Scope::ALL).await;
    let hash = |answer: &Answer| {
        let line = log::of_request(answer.header("x-request-id"));
        assert_eq!(line["client"], client.id.as_str(), "{line}");
        assert!(!line.to_string().contains(ATTACKER) && !line.to_string().contains(OWNER), "{line}");
        line["addressHash"].as_str().map(str::to_owned)
    };
    let refused = [
        token(&test, &guess(&client), ATTACKER).await.expect(401),
        revoke(&test, &guess(&client), "x", ATTACKER).await.expect(401),
        token(&test, &client, ATTACKER).await.expect(429),
    ];
    let hashes: Vec<_> = refused.iter().map(|answer| hash(answer).expect("a hash of the address")).collect();
    assert!(hashes[0].len() == 16 && hashes.iter().all(|it| *it == hashes[0]), "{hashes:?}");
    let elsewhere = hash(&token(&test, &guess(&client), OWNER).await.expect(401));
    assert!(elsewhere.is_some_and(|it| it != hashes[0]));
    let granted = token(&test, &client, OWNER).await.expect(200);
    assert_eq!(hash(&granted), None, "only refused logins carry the hash");
}

#[tokio::test]
async fn revocation_over_the_quota_is_in_force_at_once() {
    let test = start(2, 1_000).await;
    let api = test.api().await;
    api.create(&grace()).await.expect(201);
    token(&test, &api.client, OWNER).await.expect(200);
    assert_limited(&revoke(&test, &api.client, &api.token, OWNER).await, 30);
    assert_eq!(test.count("revocations").await, 1);
    assert_eq!(api.create(&grace()).await.expect(401).problem(), "token-refused");
}

#[tokio::test]
async fn client_can_have_a_quota_of_its_own() {
    let test = start(2, 1_000).await;
    let client = test.client(&Scope::ALL).await;
    test.execute(&format!("update clients set tokens_per_minute = 5 where id = '{}'", client.id)).await;
    for _ in 0..5 {
        test.token(&client).await.expect(200);
    }
    assert_limited(&test.token(&client).await, 12);
}

#[tokio::test]
async fn without_redis_each_instance_enforces_the_token_limits() {
    let (proxy, url) = support::proxy::Proxy::before(&support::services::redis_url()).await;
    let setup = Setup::default().redis_at(&url).setting("CROSSWALK_REDIS_BREAKER_MS", "0");
    let test = setup.setting("CROSSWALK_TOKEN_RATE_PER_ADDRESS", "2").start().await;
    let client = Api::of(&test, test.client(&Scope::ALL).await).await.client;
    proxy.cut().await;
    for _ in 0..2 {
        token(&test, &guess(&client), ATTACKER).await.expect(401);
    }
    assert_limited(&token(&test, &client, ATTACKER).await, 30);
    token(&test, &client, OWNER).await.expect(200);
}

async fn start(per_client: u32, per_address: u32) -> TestApp {
    let setup = Setup::default().setting("CROSSWALK_TOKEN_RATE_PER_CLIENT", &per_client.to_string());
    setup.setting("CROSSWALK_TOKEN_RATE_PER_ADDRESS", &per_address.to_string()).start().await
}

fn guess(client: &TestClient) -> TestClient {
    TestClient { secret: ClientSecret::generate(), ..client.clone() }
}

fn ask_token(test: &TestApp, client: &TestClient) -> Ask {
    let own = format!("client_id={}&client_secret={}", client.id, client.secret.reveal());
    test.ask("POST", "/oauth/token").form(format!("grant_type=client_credentials&{own}"))
}

async fn token(test: &TestApp, client: &TestClient, address: &str) -> Answer {
    ask_token(test, client).from_address(Some(address)).send().await
}

async fn revoke(test: &TestApp, client: &TestClient, token: &str, address: &str) -> Answer {
    let form = format!("token={token}&client_id={}&client_secret={}", client.id, client.secret.reveal());
    test.ask("POST", "/oauth/revoke").form(form).from_address(Some(address)).send().await
}

/// Rejected with a Retry-After of at most the quota's interval, so that the next attempt succeeds.
#[track_caller]
fn assert_limited(answer: &Answer, interval: u64) {
    assert_eq!((answer.status, &answer.json()["error"]), (429, &json!("temporarily_unavailable")), "{answer:?}");
    let retry_after: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=interval).contains(&retry_after), "{retry_after} s");
}
