//! The key that signs tokens is replaced while tokens are in use, and nobody is turned away.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use crosswalk::App;
use crosswalk::auth::SigningKeySecret;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
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

#[tokio::test]
async fn retired_signing_key_is_refused_once_its_last_tokens_have_expired() {
    const LIFETIME: i64 = 900;
    const PROPAGATION: i64 = 300;
    let test = TestApp::start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    rotate(&test, &Rotation::of(test.secrets.name("signing-key"))).await;
    let published = test.secrets.labelled("verification-keys", "AWSCURRENT").await.unwrap();
    let now = Timestamp::now().as_second();
    let retired_at = published["keys"][1]["retired_at"].as_i64().unwrap();
    assert!((now - 60..=now).contains(&retired_at), "{published}");
    assert!(published["keys"][0].get("retired_at").is_none(), "{published}");

    // The thief of a retired key writes any time of issue.
    let forged = |iat: i64| forge(&test, &api, &json!({"iat": iat, "exp": now + 100_000}));
    for (retired_at, token, status) in [
        (now, api.token.clone(), 200),
        (now - PROPAGATION + 60, forged(now), 200),
        (now - PROPAGATION - 60, forged(now), 401),
        (now - PROPAGATION - LIFETIME + 60, forged(now - LIFETIME), 200),
        (now - PROPAGATION - LIFETIME - 60, forged(now - 2 * LIFETIME), 401),
        (now - 90 * 86_400, forged(0), 401),
    ] {
        let mut keys = published.clone();
        keys["keys"][1]["retired_at"] = json!(retired_at);
        test.secrets.put("verification-keys", &keys).await;
        let bearer = Api { token, ..api.clone() }.at(test.another_instance());
        for _ in 0..2 {
            bearer.get(&id).await.expect(status);
        }
    }
    let shown = test.ask("GET", "/.well-known/jwks.json").at(test.another_instance()).send().await.expect(200).json();
    assert!(shown["keys"][1].get("retired_at").is_none(), "{shown}");
}

/// A token that the retired key signs, with some claims of a good one replaced.
fn forge(test: &TestApp, api: &Api<'_>, changes: &Value) -> String {
    let payload = api.token.split('.').nth(1).unwrap();
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let key = &test.secrets.signing_key;
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some(key.kid.clone());
    encode(&header, &claims, &EncodingKey::from_ed_der(&STANDARD.decode(&key.private_key).unwrap())).unwrap()
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
