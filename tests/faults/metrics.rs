//! What functions tell of themselves for dashboards and alarms: each metric, by the function's own binary.

use std::time::Duration;

use acme_crm::{Faults, signature};
use axum::http::Request;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};
use support::account::{Account, webhook};
use support::app::{Api, Setup, TestApp, ada};
use support::crm::Crm;
use support::gateway;
use support::metrics::Told;
use support::msk;
use support::proxy::Proxy;
use support::remote::record;
use support::runtime_api::{Function, FunctionError};
use support::services;
use support::two_way::TwoWay;
use support::wait::eventually;

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_route_tells_of_every_request_and_of_the_cache_the_quota_and_failures() {
    let (redis, redis_url) = Proxy::before(&services::redis_url()).await;
    let (database, _) = Proxy::before(&services::database_url()).await;
    let address = database.address();
    let setup = Setup::default().redis_at(&redis_url).database_at(&address.ip().to_string(), address.port());
    let setup = setup.setting("CROSSWALK_RATE_LIMIT", "1/4").setting("CROSSWALK_REDIS_BREAKER_MS", "0");
    let test = setup.setting("CROSSWALK_DATABASE_CONNECT_MS", "500").start().await;
    let api = test.api().await;
    let id = api.create(&ada()).await.expect(201).id();
    let function = Function::start("get-contact", test.environment.clone()).await;

    assert_eq!(get(&function, &api, &id).await, 200);
    assert_eq!(get(&function, &api, &uuid::Uuid::now_v7().to_string()).await, 404);
    let told = told(&function).await;
    let named = |name: &str| told.iter().filter(|it| it.name == name).map(|it| it.value).collect::<Vec<_>>();
    assert_eq!((named("Requests"), named("ClientErrors")), (vec![1.0, 1.0], vec![0.0, 1.0]));
    assert_eq!((named("ServerErrors"), named("Latency").len()), (vec![0.0, 0.0], 2));
    assert_eq!((named("CacheHits"), named("CacheMisses")), (vec![1.0], vec![1.0]));
    let unit = |name: &str| told.iter().find(|it| it.name == name).map(|it| it.unit.clone());
    assert_eq!((unit("Latency").as_deref(), unit("Requests").as_deref()), (Some("Milliseconds"), Some("Count")));

    let limited = || async { get(&function, &api, &id).await == 429 };
    eventually("the quota to be used up", SOON, limited).await;
    metric(&function, "get-contact", "RateLimited", 1.0).await;
    redis.cut().await;
    assert_eq!(get(&function, &api, &id).await, 200);
    metric(&function, "get-contact", "RateUnchecked", 1.0).await;
    database.cut().await;
    assert_eq!(get(&function, &api, &id).await, 503);
    metric(&function, "get-contact", "ServerErrors", 1.0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_relay_and_the_consumers_tell_what_passes_and_what_a_crm_does() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    let id = api.create(&ada()).await.expect(201).id();
    way.at_rest(&[&crm]).await;
    // The CRM's webhook reports our own push, so it leads to no further contact event.
    metric(&way.relay.function, "relay-outbox", "ContactEventsPublished", 1.0).await;
    metric(&way.relay.function, "relay-outbox", "WebhookEventsPublished", 1.0).await;
    let lag = || async { way.relay.function.metric("relay-outbox", "RelayLag").is_some_and(|lag| lag > 0.0) };
    eventually("the relay to tell how long a row has waited", SOON, lag).await;

    let contacts = || way.contact_consumer.metrics("consume-contact-events");
    let calls = contacts().iter().filter(|told| told.name == "CrmLatency").count();
    // To log in, to look for the record, to make it.
    assert_eq!(calls, 3, "{:?}", contacts());
    metric(&way.contact_consumer, "consume-contact-events", "CrmCalls", 3.0).await;
    metric(&way.contact_consumer, "consume-contact-events", "CrmErrors", 0.0).await;
    metric(&way.contact_consumer, "consume-contact-events", "BatchSize", 1.0).await;
    metric(&way.webhook_consumer, "consume-webhook-events", "BatchSize", 1.0).await;

    crm.stop().await;
    api.patch(&id, 1, &json!({"title": "Poet"})).await.expect(200);
    let errors =
        || async { way.contact_consumer.metric("consume-contact-events", "CrmErrors").is_some_and(|it| it > 0.0) };
    eventually("a call to fail", SOON, errors).await;
}

#[tokio::test]
async fn a_login_that_a_crm_refuses_is_an_error() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    test.secrets
        .put(&crm.connection, &json!({"username": "crosswalk", "password": "not its", "webhookSecret": "-"}))
        .await;
    let consumer = Function::start("consume-contact-events", test.environment.clone()).await;
    push(&consumer, &api).await.unwrap();
    metric(&consumer, "consume-contact-events", "CrmCalls", 1.0).await;
    metric(&consumer, "consume-contact-events", "CrmErrors", 1.0).await;
}

#[tokio::test]
async fn a_call_that_is_cut_off_is_one_and_an_error() {
    let test = Setup::default().setting("CROSSWALK_CRM_CALL_MS", "2000").start().await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let consumer = Function::start("consume-contact-events", test.environment.clone()).await;
    // Two calls and a part of the third are as long as two may take.
    crm.faults(Faults { latency_ms: 1500, ..Faults::default() });
    push(&consumer, &api).await.unwrap();
    metric(&consumer, "consume-contact-events", "CrmCalls", 3.0).await;
    metric(&consumer, "consume-contact-events", "CrmErrors", 1.0).await;
}

#[tokio::test]
async fn a_webhook_over_the_quota_is_counted() {
    let test = Setup::default().setting("CROSSWALK_WEBHOOK_RATE", "1/1").start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let function = Function::start("receive-webhook", test.environment.clone()).await;
    let limited = || async { send(&function, &account).await == 429 };
    eventually("the quota to be used up", SOON, limited).await;
    metric(&function, "receive-webhook", "RateLimited", 1.0).await;
}

#[tokio::test]
async fn what_is_dead_is_counted_whatever_becomes_of_the_rest_of_its_batch() {
    let (database, _) = Proxy::before(&services::database_url()).await;
    let address = database.address();
    let setup = Setup::default().database_at(&address.ip().to_string(), address.port());
    let test = setup.setting("CROSSWALK_DATABASE_CONNECT_MS", "500").start().await;
    let api = test.api().await;
    let (refusing, slow) = (Crm::connect(&api).await, Crm::connect(&api).await);
    refusing.faults(Faults { refusals: 1, ..Faults::default() });
    slow.faults(Faults { latency_ms: 2000, ..Faults::default() });
    let consumer = Function::start("consume-contact-events", test.environment.clone()).await;
    let meanwhile = async {
        eventually("one of them to be dead", SOON, || async { api.links("dead").await == 1 }).await;
        database.cut().await;
    };
    let (pushed, ()) = tokio::join!(push(&consumer, &api), meanwhile);
    pushed.expect_err("the batch is to come again");
    metric(&consumer, "consume-contact-events", "DeadLetters", 1.0).await;
    metric(&consumer, "consume-contact-events", "BatchesFailed", 1.0).await;
}

#[tokio::test]
async fn what_is_dead_is_counted_and_so_is_a_batch_that_is_to_come_again() {
    let (database, _) = Proxy::before(&services::database_url()).await;
    let address = database.address();
    let setup = Setup::default().database_at(&address.ip().to_string(), address.port());
    let test = setup.setting("CROSSWALK_DATABASE_CONNECT_MS", "500").start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let consumer = Function::start("consume-webhook-events", test.environment.clone()).await;
    let (_, faulty) = account.remote.receive_body("ev_1", b"{}").await;
    let batch = msk::event("crosswalk.webhooks", &[msk::of_webhook(&faulty), msk::record("key", b"not JSON", &[])]);
    for _ in 0..2 {
        consumer.invoke(&batch.payload).await.unwrap();
    }
    metric(&consumer, "consume-webhook-events", "BatchSize", 4.0).await;
    metric(&consumer, "consume-webhook-events", "DeadLetters", 2.0).await;
    metric(&consumer, "consume-webhook-events", "BatchesFailed", 0.0).await;
    database.cut().await;
    consumer.invoke(&batch.payload).await.expect_err("the batch is to come again");
    metric(&consumer, "consume-webhook-events", "BatchesFailed", 1.0).await;
}

/// All that the function has told, once it has told of what was answered last: its output comes by another way.
async fn told(function: &Function) -> Vec<Told> {
    let requests = || async { function.metric("get-contact", "Requests") == Some(2.0) };
    eventually("both requests to be told", SOON, requests).await;
    function.metrics("get-contact")
}

/// Waits until a metric has this sum.
async fn metric(function: &Function, name: &str, metric: &str, sum: f64) {
    let look = || async {
        let told = function.metric(name, metric);
        if told == Some(sum) { Ok(()) } else { Err(told) }
    };
    eventually(&format!("{metric} to be {sum}"), SOON, look).await;
}

/// Makes a contact and has it written to its CRMs.
async fn push(consumer: &Function, api: &Api<'_>) -> Result<Value, FunctionError> {
    let id = api.create(&ada()).await.expect(201).id();
    let batch = msk::event("crosswalk.contacts", &[msk::of_contact(&api.client.tenant, &id)]);
    consumer.invoke(&batch.payload).await
}

async fn send(function: &Function, account: &Account<'_>) -> u16 {
    let body = webhook("contact.created", &uuid::Uuid::now_v7().to_string(), &record("ac_1")).to_string();
    let at = Timestamp::now().to_string();
    let signature = signature(&account.secret, &at, body.as_bytes());
    let request = Request::post(account.path()).header("content-type", "application/json");
    let request = request.header("x-acme-timestamp", at).header("x-acme-signature", signature);
    let request = request.body(Bytes::from(body)).unwrap();
    gateway::call(function, "POST /webhooks/{connection}", &request).await.unwrap().status().as_u16()
}

async fn get(function: &Function, api: &Api<'_>, id: &str) -> u16 {
    let request = Request::get(format!("/contacts/{id}")).header("authorization", format!("Bearer {}", api.token));
    let request = request.body(Bytes::new()).unwrap();
    gateway::call(function, "GET /contacts/{id}", &request).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_rotation_that_fails_is_counted() {
    let test = TestApp::start().await;
    let function = Function::start("rotate-signing-key", test.environment.clone()).await;
    let (_, secret) = test.environment.iter().find(|(name, _)| name == "CROSSWALK_SIGNING_KEY_SECRET").unwrap();
    let of_nobodys =
        json!({"SecretId": secret, "ClientRequestToken": uuid::Uuid::now_v7().to_string(), "Step": "testSecret"});
    function.invoke(&of_nobodys).await.unwrap_err();
    metric(&function, "rotate-signing-key", "RotationFailures", 1.0).await;
}
