//! An instance has one PostgreSQL connection. Code that requested a second one while it holds the first would wait for
//! itself until the pool's wait fails.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use support::account::{Account, TOPIC, webhook};
use support::app::{Api, Setup, TestApp, ada, grace};
use support::crm::Crm;
use support::proxy::Proxy;
use support::pushes::Pushes;
use support::remote::record;
use support::wait::eventually;
use support::{msk, services};

const POOL: (&str, &str) = ("CROSSWALK_DATABASE_POOL", "1");

async fn start() -> TestApp {
    Setup::default().setting(POOL.0, POOL.1).start().await
}

#[test]
fn pool_size_is_one_unless_it_is_set() {
    let config = crosswalk::config::Config::read(&crosswalk::config::Env::default()).unwrap();
    assert_eq!(config.database.pool, 1);
}

#[tokio::test]
async fn every_route_works_with_one_connection() {
    let test = start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let id = api.create(&ada()).await.expect(201).id();
    let keyed = || api.ask("POST", "/contacts").header("idempotency-key", "one").json(&grace()).send();
    keyed().await.expect(201);
    keyed().await.expect(201);
    api.patch(&id, 1, &json!({"title": "Analyst"})).await.expect(200);
    api.put(&id, 2, &grace()).await.expect(200);
    let items = json!({"items": [ada(), grace()]});
    api.ask("POST", "/contacts/batch").header("idempotency-key", "many").json(&items).send().await.expect(207);
    account.remote.put("r1", &record("r1")).await.expect(201);
    account.remote.get("r1").await.expect(200);
    let told = account.tell("contact.updated", "evt_1", &record("r2")).await;
    test.worked(std::slice::from_ref(&told)).await;
    api.delete(&id).await.expect(204);
    api.restore(&id).await.expect(200);
    for path in [
        "/contacts",
        "/contacts?q=grace",
        &format!("/contacts/{id}?include=links"),
        &format!("/contacts/{id}/history"),
        "/webhook-events",
        &format!("/webhook-events/{told}"),
        "/sync-failures",
        "/sync-conflicts",
        "/health",
    ] {
        api.ask("GET", path).send().await.expect(200);
    }
    api.ask("POST", &format!("/webhook-events/{told}/replay")).send().await.expect(202);
    api.ask("POST", "/webhook-events/replay").json(&json!({"state": "received"})).send().await.expect(202);
    let end = crosswalk::clock::End::after(Duration::from_secs(5), 0);
    assert!(crosswalk::purge::run(&test.app, &end).await.unwrap().finished);
    let (client, secret) = (&api.client.id, api.client.secret.reveal());
    let form = format!("token={}&client_id={client}&client_secret={secret}", api.token);
    test.ask("POST", "/oauth/revoke").form(form).send().await.expect(200);
    assert_eq!(test.backends("true").await, 1);
}

#[tokio::test]
async fn concurrent_requests_of_an_instance_take_turns_on_its_connection() {
    let test = start().await;
    let api = test.api().await;
    join_all((0..20).map(|_| async { api.create(&ada()).await.expect(201) })).await;
    assert_eq!(test.backends("true").await, 1);
}

#[tokio::test]
async fn webhook_consumer_processes_a_batch_with_unreadable_records_on_one_connection() {
    let test = start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let mut records = vec![msk::record("key", b"not json", &[])];
    for n in 1..=20 {
        let name = account.send(&webhook("contact.created", &format!("evt_{n}"), &record(&format!("r{n}")))).await;
        records.push(msk::of_webhook(&name.expect(202).id()));
    }
    let reply = consume_webhook_events::handle(&test.app, msk::event(TOPIC, &records)).await.unwrap();
    assert_eq!(reply, json!({"batchItemFailures": []}));
    assert_eq!((test.count("contacts").await, test.count("parked_records").await), (20, 1));
    assert_eq!(test.backends("true").await, 1);
}

/// Six connections settle at the same time. All settlements together take longer than a wait in the pool may (5 s).
#[tokio::test]
async fn contact_consumer_settles_several_connections_on_one_slow_connection() {
    let (proxy, _) = Proxy::before(&services::database_url()).await;
    let address = proxy.address();
    let setup = Setup::default().calls_freely().database_at(&address.ip().to_string(), address.port());
    let test = setup.setting(POOL.0, POOL.1).start().await;
    let api = test.api().await;
    let crms = join_all((0..6).map(|_| Crm::connect(&api))).await;
    let ids = api.create_many(2).await;
    let pushes = Pushes::of(&api, test.app.clone());
    proxy.delay(Duration::from_millis(200)).await;
    pushes.push(&ids).await;
    proxy.pass().await;
    assert_eq!(api.links("synced").await, 12);
    for crm in &crms {
        assert_eq!(linked(&api, &ids[0], &crm.connection).await, "synced");
    }
    assert_eq!(test.backends("true").await, 1);
}

async fn linked(api: &Api<'_>, contact: &str, connection: &str) -> Value {
    api.link(contact, connection).await["state"].clone()
}

#[tokio::test]
async fn session_that_the_server_ended_as_idle_is_replaced_at_the_next_request() {
    let test = start().await;
    let (role, database) = (test.database.credentials().username, test.database.name());
    test.execute(&format!("alter role {role} in database {database} set idle_session_timeout = '300ms'")).await;
    let api = test.api().await;
    for _ in 0..2 {
        let ended = || async { test.backends("true").await == 0 };
        eventually("the server to end the idle session", Duration::from_secs(10), ended).await;
        api.create(&ada()).await.expect(201);
    }
}

#[tokio::test]
async fn closed_instance_has_no_session_and_opens_one_when_it_is_used_again() {
    let test = start().await;
    let api = test.api().await;
    test.app.close().await;
    eventually("the session to end", Duration::from_secs(10), || async { test.backends("true").await == 0 }).await;
    api.create(&ada()).await.expect(201);
    assert_eq!(test.backends("true").await, 1);
}
