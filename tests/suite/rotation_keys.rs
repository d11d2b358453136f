//! The key that signs tokens is replaced while tokens are in use, and nobody is turned away.

use std::sync::Arc;

use crosswalk::App;
use crosswalk::auth::SigningKeySecret;
use serde_json::{Value, json};
use support::app::{Api, TestApp, grace};
use support::rotation::{Rotation, STEPS};

#[tokio::test]
async fn no_token_is_refused_at_any_moment_of_a_rotation() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    let rotation = Rotation::of(test.secrets.name("signing-key"));
    let rotator = test.another_instance();
    let mut instances = Vec::new();
    for step in STEPS {
        // It has just read the keys, and may not read them again for ten seconds.
        instances.push(test.another_instance());
        for instance in &instances {
            api.at(instance.clone()).get(&id).await.expect(200);
        }
        let early = token_at(&test, &api, &test.another_instance()).await;
        rotate_signing_key::handle(&rotator, rotation.asks(step)).await.unwrap();
        let late = token_at(&test, &api, &test.another_instance()).await;
        for token in [api.token.clone(), early, late] {
            let bearer = Api { token, ..api.clone() };
            for instance in instances.iter().chain([&test.another_instance()]) {
                bearer.at(instance.clone()).get(&id).await.expect(200);
            }
        }
    }
    let current = test.secrets.labelled("signing-key", "AWSCURRENT").await.unwrap();
    assert_ne!(current["kid"], test.secrets.signing_key.kid.as_str());
    assert_eq!(kids(&test).await, [current["kid"].clone(), test.secrets.signing_key.kid.clone().into()]);
}

#[tokio::test]
async fn the_first_rotation_makes_the_first_key() {
    let test = TestApp::start().await;
    test.secrets.put("signing-key", &json!({})).await;
    test.secrets.put("verification-keys", &json!({"keys": []})).await;
    let (early, client) = (test.another_instance(), test.client(&crosswalk::Scope::ALL).await);
    let own = format!("client_id={}&client_secret={}", client.id, client.secret.reveal());
    let form = format!("grant_type=client_credentials&{own}");
    test.ask("POST", "/oauth/token").at(early.clone()).form(form).send().await.expect(500);

    rotate(&test, &Rotation::of(test.secrets.name("signing-key"))).await;
    let api = Api::of(&test, client).await;
    api.at(test.another_instance()).create(&grace()).await.expect(201);
    // The instance that found none has looked again.
    let token = token_at(&test, &api, &early).await;
    Api { token, ..api.clone() }.at(early).create(&grace()).await.expect(201);
    assert_eq!(kids(&test).await.len(), 1);
}

#[tokio::test]
async fn two_rotations_take_a_lost_key_away() {
    let test = TestApp::start().await;
    let with_lost = test.api().await;
    let id = with_lost.create(&grace()).await.expect(201).id();
    rotate(&test, &Rotation::of(test.secrets.name("signing-key"))).await;
    with_lost.at(test.another_instance()).get(&id).await.expect(200);
    rotate(&test, &Rotation::of(test.secrets.name("signing-key"))).await;
    with_lost.at(test.another_instance()).get(&id).await.expect(401);
    let token = token_at(&test, &with_lost, &test.another_instance()).await;
    Api { token, ..with_lost.clone() }.at(test.another_instance()).get(&id).await.expect(200);
    assert_eq!(kids(&test).await.len(), 2);
}

#[tokio::test]
async fn a_step_that_is_asked_for_again_changes_nothing_more() {
    let test = TestApp::start().await;
    let rotator = test.another_instance();
    let (one, late) = (Rotation::of(test.secrets.name("signing-key")), Rotation::of(test.secrets.name("signing-key")));
    let pending = async || test.secrets.labelled("signing-key", "AWSPENDING").await;
    rotate_signing_key::handle(&rotator, one.asks("createSecret")).await.unwrap();
    let made = pending().await;
    rotate_signing_key::handle(&rotator, one.asks("createSecret")).await.unwrap();
    assert_eq!(pending().await, made);
    // What another request made is not this one's to use.
    for step in &STEPS[1..] {
        rotate_signing_key::handle(&rotator, late.asks(step)).await.unwrap_err();
    }
    rotate(&test, &one).await;
    let (current, keys) = (test.secrets.labelled("signing-key", "AWSCURRENT").await, kids(&test).await);
    assert_eq!(current, made);
    rotate(&test, &one).await;
    assert_eq!(test.secrets.labelled("signing-key", "AWSCURRENT").await, current);
    assert_eq!(kids(&test).await, keys);
}

#[tokio::test]
async fn a_key_that_is_not_published_is_never_used() {
    let test = TestApp::start().await;
    let rotator = test.another_instance();
    let rotation = Rotation::of(test.secrets.name("signing-key"));
    for step in &STEPS[..2] {
        rotate_signing_key::handle(&rotator, rotation.asks(step)).await.unwrap();
    }
    // Somebody has written over what was published.
    test.secrets.put("verification-keys", &json!({"keys": [test.secrets.public_key]})).await;
    rotate_signing_key::handle(&rotator, rotation.asks("testSecret")).await.unwrap_err();
    let current = test.secrets.labelled("signing-key", "AWSCURRENT").await.unwrap();
    assert_eq!(current["kid"], test.secrets.signing_key.kid.as_str());
}

#[test]
fn the_public_half_is_found_again_from_the_private_one() {
    let (key, public) = SigningKeySecret::generate().unwrap();
    assert_eq!(key.public().unwrap(), public);
}

async fn rotate(test: &TestApp, rotation: &Rotation) {
    let rotator = test.another_instance();
    for step in STEPS {
        let outcome = rotate_signing_key::handle(&rotator, rotation.asks(step)).await;
        outcome.unwrap_or_else(|error| panic!("{step}: {}", error.chain()));
    }
}

/// The names of what is published.
async fn kids(test: &TestApp) -> Vec<Value> {
    let published = test.secrets.labelled("verification-keys", "AWSCURRENT").await.unwrap();
    published["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect()
}

async fn token_at(test: &TestApp, api: &Api<'_>, app: &Arc<App>) -> String {
    let own = format!("client_id={}&client_secret={}", api.client.id, api.client.secret.reveal());
    let ask = test.ask("POST", "/oauth/token").at(app.clone()).form(format!("grant_type=client_credentials&{own}"));
    ask.send().await.expect(200).json()["access_token"].as_str().unwrap().to_owned()
}
