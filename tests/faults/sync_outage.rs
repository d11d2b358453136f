//! A part of the way is down: what can flow does, and what can't waits and then arrives, once.

use std::time::{Duration, Instant};

use serde_json::json;
use support::app::{Api, Setup, TestApp, ada, person};
use support::crm::{Crm, typed};
use support::kafka;
use support::proxy::Proxy;
use support::services;
use support::two_way::TwoWay;
use support::wait::eventually;

/// How long one contact may take while a neighbour's CRM is down, on a busy machine.
const SOON: Duration = Duration::from_secs(10);

/// Changes on both sides, of a contact made here and a record made there.
async fn change_both(api: &Api<'_>, crm: &Crm, round: usize) {
    let id = api.create(&ada()).await.expect(201).id();
    api.patch(&id, 1, &json!({"title": format!("{round}")})).await.expect(200);
    let record = crm.create(&typed(&format!("Theirs{round}"))).await;
    crm.patch(record["id"].as_str().unwrap(), &json!({"acme_title": format!("{round}")})).await;
}

/// Both sides have as many contacts, each with the history of its two changes and nothing more.
async fn once_each(test: &TestApp, crm: &Crm, contacts: usize) {
    assert_eq!(crm.records().await.len(), contacts);
    assert_eq!(test.count("contacts").await, i64::try_from(contacts).unwrap());
    assert_eq!(test.count("links where state = 'synced'").await, i64::try_from(contacts).unwrap());
    assert_eq!(test.count("sync_conflicts").await, 0);
    // A webhook of a record's making may be told after that of its change; then it is old news.
    assert!(test.count("contact_events").await <= i64::try_from(contacts * 2).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crm_that_is_down_costs_another_tenants_nothing_and_gets_it_all_later() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000").start().await;
    let (down, flowing) = (test.api().await, test.api().await);
    let (mut its_crm, mut crm) = (Crm::connect(&down).await, Crm::connect(&flowing).await);
    let way = TwoWay::start(&test).await;
    way.connect(&mut its_crm);
    way.connect(&mut crm);
    its_crm.stop().await;
    for number in 0..40 {
        down.create(&person(&format!("Down{number}"), "Hopper")).await.expect(201);
    }
    let mut slowest = Duration::ZERO;
    for number in 0..20 {
        down.create(&person(&format!("Later{number}"), "Hopper")).await.expect(201);
        let began = Instant::now();
        let id = flowing.create(&person(&format!("Flows{number}"), "Hopper")).await.expect(201).id();
        eventually("the neighbour's contact to arrive", SOON, || async { crm.records_of(&id).await.len() == 1 }).await;
        slowest = slowest.max(began.elapsed());
    }
    assert!(slowest < SOON / 2, "the slowest took {slowest:?}");
    let failing = "links where state in ('failing', 'pending') and retry_at is not null";
    eventually("what failed to wait for its time", SOON, || async { test.count(failing).await == 60 }).await;

    its_crm.start_again().await;
    way.at_rest(&[&crm, &its_crm]).await;
    assert_eq!((its_crm.records().await.len(), crm.records().await.len()), (60, 20));
    assert_eq!(test.count("contact_events").await, 80, "nothing came back");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_kafka_is_away_both_sides_work_and_meet_when_it_is_back() {
    let proxy = kafka::proxy().await;
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start_behind_the_kafka_proxy(&test, &[]).await;
    way.connect(&mut crm);
    change_both(&api, &crm, 0).await;
    way.at_rest(&[&crm]).await;
    for round in 1..=3 {
        proxy.cut().await;
        change_both(&api, &crm, round).await;
        proxy.pass().await;
        change_both(&api, &crm, round + 10).await;
        proxy.reset_once().await;
    }
    way.at_rest(&[&crm]).await;
    once_each(&test, &crm, 14).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_pollers_share_the_partitions_and_nothing_is_done_twice() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let mut way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    for round in 0..8 {
        change_both(&api, &crm, round).await;
        match round {
            1 | 5 => way.poll(),
            3 | 7 => way.stop_polling().await,
            _ => {}
        }
    }
    way.at_rest(&[&crm]).await;
    once_each(&test, &crm, 16).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_all_of_it_goes_on() {
    let (redis, url) = Proxy::before(&services::redis_url()).await;
    let test = Setup::default()
        .redis_at(&url)
        .setting("CROSSWALK_REDIS_CONNECT_MS", "300")
        .setting("CROSSWALK_REDIS_COMMAND_MS", "300")
        .start()
        .await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    change_both(&api, &crm, 0).await;
    redis.cut().await;
    for round in 1..=3 {
        change_both(&api, &crm, round).await;
    }
    way.at_rest(&[&crm]).await;
    redis.pass().await;
    change_both(&api, &crm, 4).await;
    way.at_rest(&[&crm]).await;
    once_each(&test, &crm, 10).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_frozen_in_the_midst_of_a_batch_undoes_nothing_when_it_goes_on() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let mut way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    for round in 0..4 {
        change_both(&api, &crm, round).await;
        way.contact_consumer.freeze().await;
        way.webhook_consumer.freeze().await;
        change_both(&api, &crm, round + 10).await;
        way.contact_consumer.thaw();
        way.webhook_consumer.thaw();
    }
    way.stop_polling().await;
    way.poll();
    way.at_rest(&[&crm]).await;
    once_each(&test, &crm, 16).await;
}
