//! Logging in at a CRM: once for all calls of all instances, and again when the token is no longer good.

use futures::future::join_all;
use jiff::Timestamp;
use serde_json::json;
use support::app::{Api, Setup, TestApp};
use support::crm::Crm;
use support::proxy::Proxy;
use support::pushes::Pushes;
use support::services;

const LOGIN: &str = "POST /auth/login";

async fn start() -> TestApp {
    Setup::default().calls_freely().start().await
}

#[tokio::test]
async fn one_login_is_enough_for_many_calls_and_for_other_instances() {
    let test = start().await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let one = Pushes::of(&api, test.another_instance());
    one.push(&api.create_many(20).await).await;
    assert_eq!((api.links("synced").await, crm.asked(LOGIN).await), (20, 1));
    one.push(&api.create_many(1).await).await;
    Pushes::of(&api, test.another_instance()).push(&api.create_many(1).await).await;
    assert_eq!((api.links("synced").await, crm.asked(LOGIN).await), (22, 1));
    assert_eq!(crm.records().await.len(), 22);
}

#[tokio::test]
async fn of_instances_that_need_a_token_at_once_one_logs_in() {
    let test = start().await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    crm.faults(acme_crm::Faults { latency_ms: 100, ..acme_crm::Faults::default() });
    let instances: Vec<_> = (0..3).map(|_| Pushes::of(&api, test.another_instance())).collect();
    let mut contacts = Vec::new();
    for _ in &instances {
        contacts.push(api.create_many(4).await);
    }
    join_all(instances.iter().zip(&contacts).map(|(instance, contacts)| instance.push(contacts))).await;
    assert_eq!((api.links("synced").await, crm.asked(LOGIN).await), (12, 1));
}

#[tokio::test]
async fn a_token_that_is_no_longer_good_is_replaced_once() {
    let test = start().await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let until = Timestamp::now().as_second() + 3600;
    keep(&api, &crm, &json!({"token": "not good any more", "until": until}).to_string()).await;
    Pushes::of(&api, test.another_instance()).push(&api.create_many(12).await).await;
    assert_eq!((api.links("synced").await, crm.asked(LOGIN).await), (12, 1));
}

#[tokio::test]
async fn a_token_that_ends_soon_or_can_not_be_read_is_not_used() {
    let test = start().await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let soon = json!({"token": "nobody tries it", "until": Timestamp::now().as_second() + 20}).to_string();
    for (number, kept) in [soon.as_str(), "{", "null", "[\"token\"]"].into_iter().enumerate() {
        keep(&api, &crm, kept).await;
        Pushes::of(&api, test.another_instance()).push(&api.create_many(1).await).await;
        assert_eq!(crm.asked(LOGIN).await, 1 + u64::try_from(number).unwrap(), "{kept}");
    }
    assert_eq!(crm.asked("POST /contacts").await, 4);
}

#[tokio::test]
async fn without_redis_each_instance_logs_in_by_itself_and_writes() {
    let (proxy, url) = Proxy::before(&services::redis_url()).await;
    let test = Setup::default().redis_at(&url).start().await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let contacts = [api.create_many(12).await, api.create_many(12).await];
    proxy.cut().await;
    for contacts in &contacts {
        // Nobody counts calls either: with the quota of ten a second it would take longer than a batch may.
        Pushes::of(&api, test.another_instance()).push(contacts).await;
    }
    assert_eq!(api.links("synced").await, 24);
    // Tasks that begin together each find that there is nobody to wait for.
    let logins = crm.asked(LOGIN).await;
    assert!((2..=8).contains(&logins), "{logins}");
}

#[tokio::test]
async fn a_password_that_is_refused_is_told_and_the_right_one_is_found() {
    let test = start().await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let secret = |password: &str| json!({"username": "crosswalk", "password": password, "webhookSecret": "x"});
    test.secrets.put(&crm.connection, &secret("of yesterday")).await;
    let contacts = api.create_many(3).await;
    Pushes::of(&api, test.another_instance()).push(&contacts).await;
    for id in &contacts {
        let link = api.link(id, &crm.connection).await;
        assert!(["failing", "pending"].contains(&link["state"].as_str().unwrap()), "{link}");
        assert!(link["retry_in"].as_f64().is_some(), "{link}");
    }
    let reason = "no login at the CRM: it refuses the username or the password";
    assert!(test.count(&format!("links where failure = '{reason}'")).await > 0);
    assert_eq!(test.count("links where failure like '%yesterday%'").await, 0);

    test.secrets.put(&crm.connection, &secret("crosswalk")).await;
    Pushes::of(&api, test.another_instance()).push(&contacts).await;
    assert_eq!(api.links("synced").await, 3);
}

/// Leaves this in Redis as the token that all share.
async fn keep(api: &Api<'_>, crm: &Crm, text: &str) {
    let client = redis::Client::open(services::redis_url()).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let key = api.app.redis.keys().pass(&api.client.tenant, &crm.connection);
    redis::cmd("SET").arg(key).arg(text).exec_async(&mut redis).await.unwrap();
}
