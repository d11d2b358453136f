//! How much a connection may send, and what becomes of webhooks while a store is away.

use std::time::Duration;

use acme_crm::signature;
use jiff::Timestamp;
use serde_json::json;
use support::account::{Account, webhook};
use support::app::{Answer, Setup, TestApp};
use support::proxy::Proxy;
use support::remote::record;
use support::wait::eventually;
use support::{log, services};
use uuid::Uuid;

const SOON: Duration = Duration::from_secs(20);

/// The largest body that is taken.
const MOST: usize = 1024 * 1024;

async fn send(account: &Account<'_>) -> Answer {
    let id = Uuid::now_v7().to_string();
    account.send(&webhook("contact.created", &id, &record(&id))).await
}

#[tokio::test]
async fn a_body_has_a_megabyte_and_no_more() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let mut body = webhook("contact.created", "evt_1", &record("1")).to_string().into_bytes();
    body.resize(MOST, b' ');
    account.signed(&body).send().await.expect(202);
    body.push(b' ');
    assert_eq!(account.signed(&body).send().await.expect(413).problem(), "body-too-large");
    assert_eq!(account.signed(b"").send().await.expect(422).faults(), [(String::new(), "malformed".to_owned())]);
}

#[tokio::test]
async fn address_that_names_many_unknown_connections_is_rejected_before_a_store_is_asked() {
    const STRANGER: &str = "198.51.100.7";
    let test = Setup::default().setting("CROSSWALK_UNKNOWN_CONNECTION_RATE", "3").start().await;
    let api = test.api().await;
    let (account, colleague) = (Account::connect(&api).await, Account::connect(&api).await);
    let from = |account: &Account<'_>, address| {
        let id = Uuid::now_v7().to_string();
        let body = webhook("contact.created", &id, &record(&id)).to_string();
        account.signed(body.as_bytes()).from_address(Some(address)).send()
    };
    from(&account, STRANGER).await.expect(202);
    let unknown = async |address| {
        let path = format!("/webhooks/cn_{}", Uuid::now_v7().simple());
        test.ask("POST", &path).body("{}").from_address(address).send().await
    };
    for _ in 0..3 {
        unknown(Some(STRANGER)).await.expect(401);
    }
    let refused = unknown(Some(STRANGER)).await.expect(429);
    assert!(!refused.header("retry-after").is_empty(), "{refused:?}");
    let line = log::of_request(refused.header("x-request-id"));
    assert_eq!((&line["postgresqlTrips"], &line["redisTrips"]), (&json!(0), &json!(0)), "{line}");
    // A connection that the instance knows is not affected, nor is any other address.
    from(&account, STRANGER).await.expect(202);
    from(&colleague, "203.0.113.9").await.expect(202);
    for _ in 0..3 {
        unknown(None).await.expect(401);
    }
    unknown(None).await.expect(429);
}

#[tokio::test]
async fn each_connection_has_its_quota_which_only_what_it_signed_uses_up() {
    let test = Setup::default().setting("CROSSWALK_WEBHOOK_RATE", "1/20").start().await;
    let api = test.api().await;
    let (account, colleague) = (Account::connect(&api).await, Account::connect(&api).await);
    let forged = || async {
        let now = Timestamp::now().to_string();
        account.claiming(&now, &signature("secret", &now, b"{}"), b"{}").send().await.expect(401);
    };
    for _ in 0..40 {
        forged().await;
    }
    let first = send(&account).await.expect(202);
    assert_eq!(first.header("ratelimit-policy"), "\"default\";q=20;w=20");
    assert!(first.header("ratelimit").starts_with("\"default\";r=19;t="), "{first:?}");

    let refused = eventually("the quota to be used up", SOON, || async {
        let answer = send(&account).await;
        if answer.status == 429 { Ok(answer) } else { Err(answer.status) }
    })
    .await;
    assert_eq!((refused.problem().as_str(), refused.header("retry-after")), ("rate-limited", "1"));
    assert!(refused.header("ratelimit").starts_with("\"default\";r=0;t="), "{refused:?}");
    forged().await;
    send(&colleague).await.expect(202);
    api.get("unknown").await.expect(404);
    let kept = test.count("webhook_events").await;
    eventually("room for one more", SOON, || async { send(&account).await.status == 202 }).await;
    assert_eq!(test.count("webhook_events").await, kept + 1, "what was refused was not kept");
}

#[tokio::test]
async fn refused_webhook_keeps_the_beginning_of_its_body_and_names_its_size() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let noise = vec![0xFF; MOST];
    account.signed(&noise).send().await.expect(422);
    account.signed(&noise).send().await.expect(422);
    assert_eq!(
        test.count("webhook_events where octet_length(body) = 16384").await,
        1,
        "kept once, by its whole content"
    );
    let failure = "webhook_events where failure like '%; the body had 1048576 bytes, the first 16384 are kept'";
    assert_eq!(test.count(failure).await, 1);
    account.signed(b"{}").send().await.expect(422);
    assert_eq!(test.count("webhook_events where octet_length(body) = 2").await, 1, "a small one is kept whole");
}

#[tokio::test]
async fn large_webhook_takes_more_of_the_quota() {
    let test = Setup::default().setting("CROSSWALK_WEBHOOK_RATE", "1/50").start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let left = |answer: &Answer| -> u32 {
        let header = answer.header("ratelimit").strip_prefix("\"default\";r=").unwrap_or_default();
        header.split(';').next().unwrap_or_default().parse().unwrap_or_else(|_| panic!("{answer:?}"))
    };
    let small = left(&send(&account).await.expect(202));
    assert_eq!(small, 49);
    let mut body = webhook("contact.created", "evt_1", &record("1")).to_string().into_bytes();
    body.resize(MOST, b' ');
    // 1 MiB is 16 units of 64 KiB. The quota grows by 1 a second meanwhile.
    let large = left(&account.signed(&body).send().await.expect(202));
    assert!((15..=16).contains(&(small - large)), "{small} {large}");
}

#[tokio::test]
async fn without_redis_each_instance_enforces_the_webhook_quota() {
    let (proxy, url) = Proxy::before(&services::redis_url()).await;
    let setup = Setup::default().redis_at(&url).setting("CROSSWALK_WEBHOOK_RATE", "1/1");
    let test = setup.start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    eventually("the quota to be used up", SOON, || async { send(&account).await.status == 429 }).await;
    proxy.cut().await;
    let answer = send(&account).await.expect(202);
    assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=1;w=1");
    assert!(answer.header("ratelimit").starts_with("\"default\";r=0;t="), "this instance counts: {answer:?}");
    eventually("this instance's quota to be used up", SOON, || async { send(&account).await.status == 429 }).await;
}

#[tokio::test]
async fn without_postgresql_the_crm_is_told_to_come_again_and_nothing_is_half_kept() {
    let (proxy, _) = Proxy::before(&services::database_url()).await;
    let address = proxy.address();
    let test = Setup::default().database_at(&address.ip().to_string(), address.port()).start().await;
    let api = test.api().await;
    let (known, unknown) = (Account::connect(&api).await, Account::connect(&api).await);
    send(&known).await.expect(202);
    proxy.cut().await;
    for account in [&known, &unknown] {
        let answer = send(account).await.expect(503);
        assert_eq!((answer.problem().as_str(), answer.header("retry-after")), ("unavailable", "2"));
    }
    proxy.pass().await;
    for account in [&known, &unknown] {
        send(account).await.expect(202);
    }
    assert_eq!(test.count("webhook_events").await, 3);
}
