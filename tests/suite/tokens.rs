//! Access tokens: issued to a client that shows its secret (RFC 6749, section 4.4), and the keys to verify them with.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use crosswalk::Scope;
use serde_json::{Value, json};
use support::app::{Answer, Ask, TestApp, TestClient};

#[tokio::test]
async fn a_client_gets_a_token_that_says_whose_it_is_and_what_it_reaches() {
    let test = TestApp::start().await;
    let client = test.client(&[Scope::ContactsRead, Scope::SyncRead]).await;
    let answer = test.token(&client).await.expect(200);
    assert_eq!((answer.header("cache-control"), answer.header("content-type")), ("no-store", "application/json"));
    let granted = answer.json();
    assert_eq!((&granted["token_type"], &granted["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!(granted["scope"], "contacts:read sync:read");

    let token = granted["access_token"].as_str().unwrap();
    let header = part(token, 0);
    assert_eq!((&header["alg"], &header["kid"]), (&json!("EdDSA"), &json!(test.secrets.signing_key.kid)));
    let claims = part(token, 1);
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("crosswalk"), &json!("crosswalk")));
    assert_eq!((&claims["sub"], &claims["tenant"]), (&json!(client.id), &json!(client.tenant)));
    assert_eq!(claims["scope"], "contacts:read sync:read");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 900);
    let another = test.token(&client).await.expect(200).json();
    assert_ne!(part(another["access_token"].as_str().unwrap(), 1)["jti"], claims["jti"]);
}

#[tokio::test]
async fn a_client_may_show_its_secret_in_the_form_or_by_basic() {
    let test = TestApp::start().await;
    let client = test.client(&Scope::ALL).await;
    let secret = client.secret.reveal();
    let plain = format!("{}:{secret}", client.id);
    // Both parts are form-encoded first (RFC 6749, section 2.3.1), and more of them than needs be if the client likes.
    let encoded = client.id.replace("cl_", "%63%6c%5F");
    for (scheme, pair) in [("Basic", plain), ("basic", format!("{encoded}:{secret}"))] {
        let header = format!("{scheme} {}", STANDARD.encode(pair));
        let ask = test.ask("POST", "/oauth/token").header("authorization", &header);
        let answer = ask.form("grant_type=client_credentials".into()).send().await.expect(200);
        assert!(answer.json()["access_token"].is_string());
    }
}

#[tokio::test]
async fn the_scope_can_be_narrowed_and_not_widened() {
    let test = TestApp::start().await;
    let client = test.client(&[Scope::ContactsRead, Scope::ContactsWrite]).await;
    for (asked, granted) in [
        ("contacts%3Aread", "contacts:read"),
        ("contacts:write+contacts:read+contacts:write", "contacts:write contacts:read"),
        ("", "contacts:read contacts:write"),
    ] {
        let answer = with(&test, &client, &format!("&scope={asked}")).send().await.expect(200).json();
        assert_eq!(answer["scope"], granted);
        assert_eq!(part(answer["access_token"].as_str().unwrap(), 1)["scope"], granted);
    }
    for asked in ["sync:read", "contacts:read+sync:read", "contacts:delete", "contacts", "CONTACTS:READ", "+"] {
        let answer = with(&test, &client, &format!("&scope={asked}")).send().await;
        assert_refused(&answer, 400, "invalid_scope");
    }
}

#[tokio::test]
async fn a_wrong_secret_an_unknown_client_and_a_disabled_one_are_refused_alike() {
    let test = TestApp::start().await;
    let [client, disabled] = [test.client(&Scope::ALL).await, test.client(&Scope::ALL).await];
    test.execute(&format!("update clients set disabled_at = now() where id = '{}'", disabled.id)).await;
    let wrong = TestClient { secret: crosswalk::auth::ClientSecret::generate(), ..client.clone() };
    let unknown = TestClient { id: "cl_nobody".into(), ..client.clone() };
    let no_text = TestClient { id: "cl_%00".into(), ..client.clone() };
    let mut bodies = Vec::new();
    for refused in [wrong, unknown, disabled, no_text] {
        let answer = test.token(&refused).await;
        assert_refused(&answer, 401, "invalid_client");
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"crosswalk\"");
        bodies.push(answer.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "nothing tells one from another");
    test.token(&client).await.expect(200);
}

#[tokio::test]
async fn a_request_that_is_none_is_refused_in_the_standards_words() {
    let test = TestApp::start().await;
    let client = test.client(&Scope::ALL).await;
    let (id, secret) = (client.id.as_str(), client.secret.reveal());
    let grant = "grant_type=client_credentials";
    let own = format!("client_id={id}&client_secret={secret}");
    let requests = [
        (own.clone(), 400, "invalid_request"),
        (format!("grant_type=&{own}"), 400, "invalid_request"),
        (format!("grant_type=password&{own}"), 400, "unsupported_grant_type"),
        (format!("{grant}&{own}&{grant}"), 400, "invalid_request"),
        (format!("{grant}&{own}&scope=contacts:read&scope=contacts:write"), 400, "invalid_request"),
        (format!("{grant}&client_secret={secret}"), 400, "invalid_request"),
        (format!("{grant}&client_id={id}"), 401, "invalid_client"),
        (grant.to_owned(), 401, "invalid_client"),
    ];
    for (form, status, error) in requests {
        let answer = test.ask("POST", "/oauth/token").form(form);
        assert_refused(&answer.send().await, status, error);
    }
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let twice = with(&test, &client, "").header("authorization", &basic).send().await;
    assert_refused(&twice, 400, "invalid_request");
    for header in ["Basic", "Basic ***", "Bearer abc", "Basic bm8gY29sb24="] {
        let ask = test.ask("POST", "/oauth/token").header("authorization", header).form(grant.into());
        assert_refused(&ask.send().await, 401, "invalid_client");
    }
    let json = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret});
    assert_refused(&test.ask("POST", "/oauth/token").json(&json).send().await, 400, "invalid_request");
    let ask = test.ask("POST", "/oauth/token").header("content-type", "application/x-www-form-urlencoded");
    assert_refused(&ask.body(&b"grant_type=\xff"[..]).send().await, 400, "invalid_request");
    assert_refused(&test.ask("POST", "/oauth/token").form("x".repeat(20_000)).send().await, 413, "invalid_request");
}

#[tokio::test]
async fn the_key_set_has_public_members_and_no_others() {
    let test = TestApp::start().await;
    let mut careless = test.secrets.public_key.clone();
    careless["d"] = json!("the private half");
    careless["comment"] = json!("for our eyes only");
    test.secrets.put("verification-keys", &json!({"keys": [careless], "note": "internal"})).await;
    let answer = test.ask("GET", "/.well-known/jwks.json").send().await.expect(200);
    assert_eq!(answer.header("content-type"), "application/jwk-set+json");
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    assert_eq!(answer.json(), json!({"keys": [test.secrets.public_key]}));
}

fn with(test: &TestApp, client: &TestClient, more: &str) -> Ask {
    let own = format!("client_id={}&client_secret={}", client.id, client.secret.reveal());
    test.ask("POST", "/oauth/token").form(format!("grant_type=client_credentials&{own}{more}"))
}

#[track_caller]
fn assert_refused(answer: &Answer, status: u16, error: &str) {
    assert_eq!((answer.status, &answer.json()["error"]), (status, &json!(error)), "{answer:?}");
    assert!(answer.json()["error_description"].is_string(), "{answer:?}");
    assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("application/json", "no-store"));
    assert_eq!(answer.header("www-authenticate").is_empty(), status != 401, "{answer:?}");
}

fn part(token: &str, index: usize) -> Value {
    let part = URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap();
    serde_json::from_slice(&part).unwrap()
}
