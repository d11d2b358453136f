//! The token endpoints have limits of their own, per client and per address, that a right secret doesn't lift.

use crosswalk::Scope;
use crosswalk::auth::ClientSecret;
use serde_json::json;
use support::app::{Answer, Setup, TestClient};

#[tokio::test]
async fn guessing_a_clients_secret_is_limited_and_other_clients_go_on() {
    let setup = Setup::default().setting("CROSSWALK_TOKEN_RATE_PER_CLIENT", "3");
    let test = setup.setting("CROSSWALK_TOKEN_RATE_PER_ADDRESS", "1000").start().await;
    let client = test.client(&Scope::ALL).await;
    for _ in 0..3 {
        let guess = TestClient { secret: ClientSecret::generate(), ..client.clone() };
        test.token(&guess).await.expect(401);
    }
    assert_limited(&test.token(&client).await, 20);
    let other = test.client_of(&client.tenant, &Scope::ALL).await;
    test.token(&other).await.expect(200);
    // Revoking shows the secret too, and counts with the rest.
    let form = format!("token=x&client_id={}&client_secret={}", client.id, client.secret.reveal());
    assert_limited(&test.ask("POST", "/oauth/revoke").form(form).send().await, 20);
}

#[tokio::test]
async fn an_address_is_limited_whatever_clients_it_names() {
    let test = Setup::default().setting("CROSSWALK_TOKEN_RATE_PER_ADDRESS", "3").start().await;
    let client = test.client(&Scope::ALL).await;
    for number in 0..3 {
        let unknown = TestClient { id: format!("cl_{number}"), ..client.clone() };
        test.token(&unknown).await.expect(401);
    }
    assert_limited(&test.token(&client).await, 20);
}

#[tokio::test]
async fn a_client_can_have_a_quota_of_its_own() {
    let setup = Setup::default().setting("CROSSWALK_TOKEN_RATE_PER_ADDRESS", "1000");
    let test = setup.setting("CROSSWALK_TOKEN_RATE_PER_CLIENT", "2").start().await;
    let client = test.client(&Scope::ALL).await;
    test.execute(&format!("update clients set tokens_per_minute = 5 where id = '{}'", client.id)).await;
    for _ in 0..5 {
        test.token(&client).await.expect(200);
    }
    assert_limited(&test.token(&client).await, 12);
}

/// Refused, and told to come back when the next one is let through: at the quota's pace, never later.
#[track_caller]
fn assert_limited(answer: &Answer, pace: u64) {
    assert_eq!((answer.status, &answer.json()["error"]), (429, &json!("temporarily_unavailable")), "{answer:?}");
    let retry_after: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=pace).contains(&retry_after), "{retry_after} s");
}
