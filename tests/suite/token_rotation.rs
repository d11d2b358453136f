//! Signing keys are changed while tokens are in use, and nobody is turned away.

use std::sync::Arc;
use std::time::Duration;

use crosswalk::App;
use crosswalk::auth::SigningKeySecret;
use serde_json::{Value, json};
use support::app::{Api, TestApp, grace};
use support::wait::eventually;

#[tokio::test]
async fn tokens_of_the_previous_key_and_of_the_new_one_are_good() {
    let test = TestApp::start().await;
    let old = test.api().await;
    let (key, public) = SigningKeySecret::generate().unwrap();
    publish(&test, &[&public, &test.secrets.public_key]).await;
    test.secrets.put("signing-key", &serde_json::to_value(&key).unwrap()).await;

    // An instance that starts now knows both.
    let app = test.another_instance();
    old.at(app.clone()).create(&grace()).await.expect(201);
    let token = token_at(&test, &old, app.clone()).await;
    let new = Api { token, ..old.at(app) };
    new.create(&grace()).await.expect(201);
    let answer = test.ask("GET", "/.well-known/jwks.json").send().await.expect(200);
    assert_eq!(answer.json()["keys"].as_array().map(Vec::len), Some(2), "the set is read when it is first asked for");
}

#[tokio::test]
async fn an_unknown_name_makes_the_keys_be_read_again_and_not_often() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();

    // The instance has just read the keys; now there is another one, and a token signed with it.
    let (first, first_public) = SigningKeySecret::generate().unwrap();
    publish(&test, &[&first_public, &test.secrets.public_key]).await;
    let with_first = signed_with(&test, &api, &first).await;
    with_first.get(&id).await.expect(401);
    eventually("the new key to be found, ten seconds after the keys were read", Duration::from_secs(30), async || {
        with_first.get(&id).await.status == 200
    })
    .await;

    // That was a moment ago, so the next unknown name reads nothing, although it would find its key.
    let (second, second_public) = SigningKeySecret::generate().unwrap();
    publish(&test, &[&second_public, &first_public, &test.secrets.public_key]).await;
    let with_second = signed_with(&test, &api, &second).await;
    with_second.get(&id).await.expect(401);
    with_second.at(test.another_instance()).get(&id).await.expect(200);
    api.get(&id).await.expect(200);
}

#[tokio::test]
async fn a_key_that_was_withdrawn_is_good_no_more() {
    let test = TestApp::start().await;
    let old = test.api().await;
    let (_, public) = SigningKeySecret::generate().unwrap();
    publish(&test, &[&public]).await;
    old.at(test.another_instance()).create(&grace()).await.expect(401);
}

#[tokio::test]
async fn with_a_key_go_the_tokens_that_were_good_before() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    let (key, public) = SigningKeySecret::generate().unwrap();
    publish(&test, &[&public]).await;
    let with_new = signed_with(&test, &api, &key).await;
    eventually("the keys to be read again", Duration::from_secs(30), async || with_new.get(&id).await.status == 200)
        .await;
    assert_eq!(api.get(&id).await.expect(401).problem(), "token-refused");
}

async fn publish(test: &TestApp, keys: &[&Value]) {
    test.secrets.put("verification-keys", &json!({"keys": keys})).await;
}

/// The same client with a token that an instance issued while this was the signing key.
async fn signed_with<'a>(test: &'a TestApp, api: &Api<'a>, key: &SigningKeySecret) -> Api<'a> {
    test.secrets.put("signing-key", &serde_json::to_value(key).unwrap()).await;
    let token = token_at(test, api, test.another_instance()).await;
    Api { token, ..api.clone() }
}

async fn token_at(test: &TestApp, api: &Api<'_>, app: Arc<App>) -> String {
    let own = format!("client_id={}&client_secret={}", api.client.id, api.client.secret.reveal());
    let ask = test.ask("POST", "/oauth/token").at(app).form(format!("grant_type=client_credentials&{own}"));
    ask.send().await.expect(200).json()["access_token"].as_str().unwrap().to_owned()
}
