//! Tokens that are not ours, not for us, or not of now: none of them lets anybody in, and none is told why.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use crosswalk::Scope;
use crosswalk::auth::SigningKeySecret;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use support::app::{Answer, Api, TestApp, grace};

#[tokio::test]
async fn a_token_that_we_sign_ourselves_is_good() {
    let test = TestApp::start().await;
    let api = test.api().await;
    // The others of this file prove something only because this one passes.
    present(&api, &forge(&api, &json!({}))).await.expect(404);
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let [_, claims, signature] = parts(&api.token);
    for alg in ["none", "None", "NONE", ""] {
        let header = json!({"alg": alg, "typ": "JWT", "kid": test.secrets.signing_key.kid});
        for signature in ["", &signature] {
            assert_not_valid(&api, &format!("{}.{claims}.{signature}", base64(&header))).await;
        }
        assert_not_valid(&api, &format!("{}.{claims}", base64(&header))).await;
    }
    let [header, ..] = parts(&api.token);
    assert_not_valid(&api, &format!("{header}.{claims}.")).await;
}

#[tokio::test]
async fn the_public_key_is_no_shared_secret() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let public = &test.secrets.public_key;
    let x = public["x"].as_str().unwrap();
    let raw = URL_SAFE_NO_PAD.decode(x).unwrap();
    let secrets = [raw, x.as_bytes().to_vec(), public.to_string().into_bytes(), Vec::new()];
    for secret in secrets {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let mut header = Header::new(algorithm);
            header.kid = Some(test.secrets.signing_key.kid.clone());
            assert_not_valid(&api, &encode(&header, &claims(&api), &EncodingKey::from_secret(&secret)).unwrap()).await;
        }
    }
}

#[tokio::test]
async fn another_key_is_refused_under_our_keys_name_and_under_its_own() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let (other, public) = SigningKeySecret::generate().unwrap();
    let ours = test.secrets.signing_key.kid.clone();
    for kid in [Some(ours.clone()), Some(other.kid.clone()), Some(String::new()), None] {
        assert_not_valid(&api, &sign(&other, kid, &claims(&api))).await;
    }
    // A key that the token brings along is not one that we trust.
    let header = json!({"alg": "EdDSA", "kid": ours, "jwk": public, "jku": "http://127.0.0.1:9/jwks.json"});
    let [_, claims, signature] = parts(&sign(&other, Some(ours), &claims(&api)));
    assert_not_valid(&api, &format!("{}.{claims}.{signature}", base64(&header))).await;
}

#[tokio::test]
async fn a_token_of_another_time_is_refused() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let now = now();
    for expired in [now - 1, now - 900, now, 0] {
        let refused = present(&api, &forge(&api, &json!({"exp": expired}))).await;
        assert_refused(&refused, "the token has expired");
    }
    for (name, value) in [("nbf", now + 120), ("iat", now + 120), ("exp", -1), ("nbf", i64::MAX), ("iat", i64::MAX)] {
        let refused = present(&api, &forge(&api, &json!({name: value}))).await;
        assert_eq!(refused.expect(401).problem(), "token-refused", "{name} {value}");
    }
    // Another instance's clock may be a little ahead.
    present(&api, &forge(&api, &json!({"iat": now + 5, "nbf": now - 5}))).await.expect(404);
}

#[tokio::test]
async fn a_token_of_another_issuer_or_for_another_audience_is_refused() {
    let test = TestApp::start().await;
    let api = test.api().await;
    for (name, values) in [
        ("iss", [json!("somebody"), json!(""), json!(null), json!(["crosswalk"])]),
        ("aud", [json!("another-service"), json!(["another-service"]), json!(null), json!({})]),
        ("sub", [json!(null), json!(7), json!([]), json!({})]),
        ("exp", [json!(null), json!("tomorrow"), json!([]), json!(1e300)]),
    ] {
        for value in values {
            let refused = present(&api, &forge(&api, &json!({name: value}))).await;
            assert_eq!(refused.expect(401).problem(), "token-refused", "{name} {value}");
        }
    }
}

#[tokio::test]
async fn what_was_changed_after_signing_is_refused() {
    let test = TestApp::start().await;
    let (api, victim) = (test.api_with(&[Scope::ContactsRead]).await, test.api().await);
    let id = victim.create(&grace()).await.expect(201).id();
    let [header, _, signature] = parts(&api.token);
    for (name, value) in [
        ("tenant", json!(victim.client.tenant)),
        ("sub", json!(victim.client.id)),
        ("scope", json!("contacts:read contacts:write")),
        ("exp", json!(now() + 100_000)),
    ] {
        let mut changed = claims(&api);
        changed[name] = value;
        let token = format!("{header}.{}.{signature}", base64(&changed));
        let ask = test.ask("GET", &format!("/contacts/{id}")).header("authorization", &format!("Bearer {token}"));
        assert_refused(&ask.send().await, "the token is not valid");
    }
    // Parts of two good tokens make no third.
    let [_, others, _] = parts(&victim.token);
    assert_not_valid(&api, &format!("{header}.{others}.{signature}")).await;
}

#[tokio::test]
async fn what_is_broken_or_too_long_or_no_token_is_refused() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let token = api.token.as_str();
    let [header, payload, signature] = parts(token);
    let long = forge(&api, &json!({"padding": "x".repeat(5 * 1024)}));
    for broken in [
        "",
        ".",
        "..",
        "...",
        "garbage",
        "a.b.c",
        "eyJhbGciOiJFZERTQSJ9.e30.AA",
        &token[..token.len() - 1],
        &token[..token.len() / 2],
        &format!("{token}A"),
        &format!("{token}="),
        &format!("{token}.{signature}"),
        &format!("{header}.{payload}.{}", signature.chars().rev().collect::<String>()),
        &format!("{payload}.{header}.{signature}"),
        &long,
        &"x".repeat(100_000),
    ] {
        assert_not_valid(&api, broken).await;
    }
}

#[tokio::test]
async fn who_shows_no_token_is_told_that_one_is_needed() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let answer = test.ask("POST", "/contacts").json(&grace()).send().await.expect(401);
    assert_eq!(answer.problem(), "token-missing");
    assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"crosswalk\"");
    assert_eq!((answer.header("ratelimit"), answer.header("ratelimit-policy")), ("", ""));
    for header in ["Basic Y2w6eA==", "Bearer", &api.token, &format!("Bearer{}", api.token), "Token x", "é"] {
        let answer = test.ask("POST", "/contacts").header("authorization", header).json(&grace()).send().await;
        assert_refused(&answer, "the Authorization header is not a Bearer token");
    }
    let lower = format!("bearer  {}", api.token);
    test.ask("POST", "/contacts").header("authorization", &lower).json(&grace()).send().await.expect(201);
    assert_eq!(test.count("contacts").await, 1);
}

#[tokio::test]
async fn a_token_that_does_not_reach_this_far_is_told_what_it_lacks() {
    let test = TestApp::start().await;
    let (reader, writer) =
        (test.api_with(&[Scope::ContactsRead]).await, test.api_with(&[Scope::ContactsWrite, Scope::SyncRead]).await);
    let id = writer.create(&grace()).await.expect(201).id();
    let refused = [
        (reader.create(&grace()).await, "contacts:write"),
        (reader.patch(&id, 1, &json!({"title": "x"})).await, "contacts:write"),
        (writer.get(&id).await, "contacts:read"),
    ];
    for (answer, scope) in refused {
        assert_eq!((answer.status, answer.problem()), (403, "scope-missing".to_owned()));
        let challenge = format!("Bearer realm=\"crosswalk\", error=\"insufficient_scope\", scope=\"{scope}\"");
        assert_eq!(answer.header("www-authenticate"), challenge);
    }
    // A word that only begins like a scope is another word.
    let near = forge(&reader, &json!({"scope": "contacts:reader contacts:writer Contacts:write"}));
    assert_eq!(present(&reader, &near).await.expect(403).problem(), "scope-missing");
    assert_eq!(test.count("contacts").await, 1);
}

/// Asks for a contact that isn't there: 404 to those who are let in.
async fn present(api: &Api<'_>, token: &str) -> Answer {
    let ask = api.test.ask("GET", &format!("/contacts/{}", uuid::Uuid::now_v7()));
    ask.header("authorization", &format!("Bearer {token}")).send().await
}

async fn assert_not_valid(api: &Api<'_>, token: &str) {
    assert_refused(&present(api, token).await, "the token is not valid");
}

#[track_caller]
fn assert_refused(answer: &Answer, reason: &str) {
    assert_eq!((answer.status, answer.problem()), (401, "token-refused".to_owned()), "{answer:?}");
    let challenge = format!("Bearer realm=\"crosswalk\", error=\"invalid_token\", error_description=\"{reason}\"");
    assert_eq!(answer.header("www-authenticate"), challenge);
}

/// A token signed with our own key, its claims those of a good one but for some; null takes one out.
fn forge(api: &Api<'_>, changes: &Value) -> String {
    let mut claims = claims(api);
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    let key = &api.test.secrets.signing_key;
    sign(key, Some(key.kid.clone()), &claims)
}

fn sign(key: &SigningKeySecret, kid: Option<String>, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = kid;
    let key = EncodingKey::from_ed_der(&STANDARD.decode(&key.private_key).unwrap());
    encode(&header, claims, &key).unwrap()
}

fn claims(api: &Api<'_>) -> Value {
    let [_, claims, _] = parts(&api.token);
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

fn parts(token: &str) -> [String; 3] {
    token.split('.').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap()
}

fn base64(json: &Value) -> String {
    URL_SAFE_NO_PAD.encode(json.to_string())
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}
