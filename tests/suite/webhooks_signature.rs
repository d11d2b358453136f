//! Who may send webhooks: whoever has signed them, just now, with the secret of the connection.

use std::time::Duration;

use acme_crm::signature;
use crosswalk::mapping::{Delivery, crm};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use support::account::{Account, webhook};
use support::app::{Answer, Ask, TestApp};
use support::remote::record;
use support::wait::eventually;
use uuid::Uuid;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// The body of a good webhook about another record each time.
fn body() -> Vec<u8> {
    let id = Uuid::now_v7().to_string();
    webhook("contact.created", &id, &record(&id)).to_string().into_bytes()
}

/// A webhook signed with this secret at a time so far from now.
fn at(account: &Account<'_>, secret: &str, away: SignedDuration, body: &[u8]) -> Ask {
    let at = (Timestamp::now() + away).to_string();
    account.claiming(&at, &signature(secret, &at, body), body)
}

/// A refusal, without what is of the request alone.
async fn refusal(ask: Ask) -> (Value, String) {
    let answer: Answer = ask.send().await.expect(401);
    assert_eq!(answer.problem(), "signature-refused");
    assert_eq!((answer.header("ratelimit-policy"), answer.header("ratelimit")), ("", ""));
    let mut problem = answer.json();
    for own in ["instance", "requestId"] {
        problem.as_object_mut().unwrap().remove(own);
    }
    (problem, answer.header("www-authenticate").to_owned())
}

#[tokio::test]
async fn what_was_signed_just_now_is_taken() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    for away in [SignedDuration::ZERO, -4 * MINUTE, 4 * MINUTE] {
        at(&account, &account.secret, away, &body()).send().await.expect(202);
    }
    let (now, body) = (Timestamp::now().to_string(), body());
    let upper_case = signature(&account.secret, &now, &body).to_uppercase().replace("SHA256=", "sha256=");
    account.claiming(&now, &upper_case, &body).send().await.expect(202);
    assert_eq!(test.count("webhook_events where state = 'received'").await, 4);
}

#[test]
fn five_minutes_are_the_limit_in_both_directions() {
    let now = Timestamp::now();
    let genuine = |away: SignedDuration| {
        let at = (now + away).to_string();
        let signature = signature("secret", &at, b"{}");
        let header = |name: &str| match name {
            "x-acme-timestamp" => Some(at.as_str()),
            "x-acme-signature" => Some(signature.as_str()),
            _ => None,
        };
        crm("acme").unwrap().is_genuine(&Delivery { header: &header, body: b"{}" }, &["secret"], now)
    };
    let over = 5 * MINUTE + SignedDuration::from_micros(1);
    assert_eq!([5 * MINUTE, -5 * MINUTE, over, -over].map(genuine), [true, true, false, false]);
}

#[test]
fn time_of_sending_has_one_form() {
    let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
    let genuine = |at: &str| {
        let signature = signature("secret", at, b"{}");
        let header = |name: &str| match name {
            "x-acme-timestamp" => Some(at),
            "x-acme-signature" => Some(signature.as_str()),
            _ => None,
        };
        crm("acme").unwrap().is_genuine(&Delivery { header: &header, body: b"{}" }, &["secret"], now)
    };
    for at in ["2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5Z", "2026-01-31T11:59:59.123456789Z"] {
        assert!(genuine(at), "{at}");
    }
    for at in [
        "2026-01-31T12:00:00+00:00",
        "2026-01-31T12:00:00+00",
        "2026-01-31T12:00:00-00:00",
        "2026-01-31T12:00:00Z[UTC]",
        "2026-01-31T12:00:00+00:00[UTC]",
        "2026-01-31 12:00:00Z",
        "2026-01-31t12:00:00Z",
        "2026-01-31T12:00:00z",
        "2026-01-31T12:00Z",
        "2026-01-31T12:00:00.Z",
        "2026-01-31T12:00:00,5Z",
        "2026-01-31T12:00:00.5 Z",
        "20260131T120000Z",
        "+002026-01-31T12:00:00Z",
        " 2026-01-31T12:00:00Z",
        "2026-01-31T12:00:00Z ",
        "Z",
        "",
    ] {
        assert!(!genuine(at), "{at}");
    }
}

#[tokio::test]
async fn whatever_is_wrong_is_refused_with_the_same_words() {
    let test = TestApp::start().await;
    let (api, stranger) = (test.api().await, test.api().await);
    let account = Account::connect(&api).await;
    let (colleague, theirs) = (Account::connect(&api).await, Account::connect(&stranger).await);
    let (secret, body, now) = (account.secret.as_str(), body(), Timestamp::now().to_string());
    let good = signature(secret, &now, &body);
    let reserialised = serde_json::to_vec_pretty(&serde_json::from_slice::<Value>(&body).unwrap()).unwrap();
    let with = |signature: &str| account.claiming(&now, signature, &body);
    let bare = || test.ask("POST", &account.path()).body(body.clone());
    let expected = refusal(with(&format!("sha256={}", "0".repeat(64)))).await;
    let wrong = [
        ("another secret", at(&account, "secret", SignedDuration::ZERO, &body)),
        ("no secret", at(&account, "", SignedDuration::ZERO, &body)),
        ("another connection's secret", at(&account, &colleague.secret, SignedDuration::ZERO, &body)),
        ("another tenant's secret", at(&account, &theirs.secret, SignedDuration::ZERO, &body)),
        ("a body that was tampered with", account.claiming(&now, &good, &[&body[..], b" "].concat())),
        ("a body that was written anew", account.claiming(&now, &good, &reserialised)),
        ("no body", account.claiming(&now, &good, b"")),
        ("another time", account.claiming(&(Timestamp::now() + MINUTE).to_string(), &good, &body)),
        ("an old one", at(&account, secret, -6 * MINUTE, &body)),
        ("a future one", at(&account, secret, 6 * MINUTE, &body)),
        ("no time", account.claiming("now", &signature(secret, "now", &body), &body)),
        ("no headers", bare()),
        ("no signature", bare().header("x-acme-timestamp", &now)),
        ("no time of sending", bare().header("x-acme-signature", &good)),
        ("another hash", with(&good.replace("sha256=", "sha1="))),
        ("no hash", with(good.trim_start_matches("sha256="))),
        ("half a signature", with(&good[..good.len() / 2])),
        ("an odd length", with(&good[..good.len() - 1])),
        ("no hexadecimal digits", with(&format!("sha256={}", "é".repeat(64)))),
        ("nothing", with("sha256=")),
    ];
    for (what, ask) in wrong {
        assert_eq!(refusal(ask).await, expected, "{what}");
    }
    assert_eq!(test.count("webhook_events").await, 0);
    with(&good).send().await.expect(202);
}

#[tokio::test]
async fn what_is_no_connection_is_told_as_a_bad_signature_is() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let (now, body) = (Timestamp::now().to_string(), body());
    let good = signature(&account.secret, &now, &body);
    let expected = refusal(account.claiming(&now, "sha256=00", &body)).await;
    let unknown = format!("cn_{}", Uuid::now_v7().simple());
    let long = "x".repeat(44);
    for id in [unknown.as_str(), "cn", "..", "%00", "%E2%80%A6", "a%2Fb", "cn_one%20", &long] {
        let ask = test.ask("POST", &format!("/webhooks/{id}")).header("x-acme-timestamp", &now);
        assert_eq!(refusal(ask.header("x-acme-signature", &good).body(body.clone())).await, expected, "{id}");
    }
    test.execute("update connections set enabled = false").await;
    let cold = test.another_instance();
    assert_eq!(refusal(account.claiming(&now, &good, &body).at(cold)).await, expected, "disabled");
    assert_eq!(test.count("webhook_events").await, 0);
}

#[tokio::test]
async fn while_a_secret_is_being_changed_both_are_good() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    account.store(json!({"webhookSecret": "new", "previousWebhookSecret": account.secret})).await;
    for secret in ["new", &account.secret] {
        at(&account, secret, SignedDuration::ZERO, &body()).send().await.expect(202);
    }
    refusal(at(&account, "newest", SignedDuration::ZERO, &body())).await;
}

#[tokio::test]
async fn a_secret_that_was_changed_is_found_by_an_instance_that_knew_the_old_one() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    at(&account, &account.secret, SignedDuration::ZERO, &body()).send().await.expect(202);
    account.store(json!({"webhookSecret": "new"})).await;
    // What is doubted is read anew every ten seconds at most.
    eventually("the new secret to be read", Duration::from_secs(30), || async {
        at(&account, "new", SignedDuration::ZERO, &body()).send().await.status == 202
    })
    .await;
    refusal(at(&account, &account.secret, SignedDuration::ZERO, &body())).await;
}

#[tokio::test]
async fn what_the_gateway_encodes_is_verified_as_it_was_sent() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    for media_type in ["application/octet-stream", "application/json", "text/plain; charset=utf-8"] {
        let (now, body) = (Timestamp::now().to_string(), body());
        let ask = account.claiming(&now, &signature(&account.secret, &now, &body), &body);
        let id = ask.header("content-type", media_type).send().await.expect(202).id();
        let kept = test.sql.query_one("select body from webhook_events where ce_id = $1::text::uuid", &[&id]).await;
        assert_eq!(kept.unwrap().get::<_, Vec<u8>>(0), body, "{media_type}");
    }
}
