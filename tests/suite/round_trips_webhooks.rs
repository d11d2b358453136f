//! What a webhook costs on its way, counted at the wire as requests are: alone, and in batches of any size.

use serde_json::{Value, json};
use support::account::{Account, TOPIC, webhook};
use support::app::Api;
use support::msk;
use support::remote::record;
use uuid::Uuid;

use crate::round_trips::{Counted, Trips};

/// So many webhooks about as many records wait; every tenth is of one record.
async fn waiting(account: &Account<'_>, count: usize) -> Vec<String> {
    let mut names = Vec::with_capacity(count);
    for n in 0..count {
        let id = if n % 10 == 9 { "same".to_owned() } else { Uuid::now_v7().to_string() };
        let body = webhook("contact.updated", &id, &record(&id)).to_string();
        let event_id = Uuid::now_v7().to_string();
        let (_, name) =
            account.remote.receive_by(&account.remote.api.test.sql, &event_id, Some(&id), body.as_bytes()).await;
        names.push(name);
    }
    names
}

/// What a batch costs.
async fn work(counted: &Counted, names: &[String]) -> Trips {
    let (reply, trips) = counted.trips(counted.test.work(names)).await;
    assert_eq!(reply.unwrap(), json!({"batchItemFailures": []}));
    trips
}

async fn processed(api: &Api<'_>) -> i64 {
    api.test.count("webhook_events where state in ('processed', 'unchanged')").await
}

#[tokio::test]
async fn accepting_a_webhook_takes_one_of_each() {
    let counted = Counted::start().await;
    let api = counted.test.api().await;
    let account = Account::connect(&api).await;
    let send = |n: usize| {
        let id = format!("{n}");
        let account = &account;
        async move { account.send(&webhook("contact.updated", &id, &record(&id))).await }
    };
    send(0).await.expect(202);
    let once = Trips { redis: 1, database: 1 };
    assert_eq!(counted.count(send(1), 202).await, once);
    assert_eq!(counted.count(send(1), 200).await, once, "again");
    let dead = || account.signed(b"{}").send();
    assert_eq!(counted.count(dead(), 422).await, once, "one that can't be worked");
    let forged = || account.claiming("2026-01-01T00:00:00Z", "sha256=00", b"{}").send();
    assert_eq!(counted.count(forged(), 401).await, Trips { redis: 0, database: 0 });
}

#[tokio::test]
async fn a_batch_of_webhooks_costs_the_same_however_large_it_is() {
    let counted = Counted::start().await;
    let api = counted.test.api().await;
    let account = Account::connect(&api).await;
    counted.test.worked(&waiting(&account, 20).await).await;
    // The webhooks; begin, keys, contacts, links, write, commit. Redis forgets what changed.
    let whole = Trips { redis: 1, database: 7 };
    for size in [1, 100, 500] {
        let names = waiting(&account, size).await;
        let before = processed(&api).await;
        assert_eq!(work(&counted, &names).await, whole, "{size} webhooks");
        assert_eq!(processed(&api).await, before + i64::try_from(size).unwrap());
        // Of what comes again nothing is done.
        let none = Trips { redis: 0, database: 1 };
        assert_eq!(work(&counted, &names).await, none, "{size} webhooks again");
        let mut mixed = names;
        mixed.extend(waiting(&account, 2).await);
        assert_eq!(work(&counted, &mixed).await, whole, "two among {size} that are done with");
    }
}

#[tokio::test]
async fn a_batch_with_faulty_ones_costs_no_more_than_a_statement_that_parks_them() {
    let counted = Counted::start().await;
    let api = counted.test.api().await;
    let account = Account::connect(&api).await;
    let unreadable = msk::record("key", b"not JSON", &[]);
    let batch = async || -> Vec<Value> {
        let names = waiting(&account, 30).await;
        let mut faulty = record("faulty");
        faulty["acme_email"] = json!("nobody");
        let body = webhook("contact.updated", "faulty", &faulty).to_string();
        let (_, dead) = account.remote.receive_body(&Uuid::now_v7().to_string(), body.as_bytes()).await;
        names.iter().chain([&dead]).map(|name| msk::of_webhook(name)).chain([unreadable.clone()]).collect()
    };
    for first in [0, 1_000] {
        let event = msk::event_from(TOPIC, first, &batch().await);
        let (reply, trips) = counted.trips(consume_webhook_events::handle(&counted.test.app, event)).await;
        assert_eq!(reply.unwrap(), json!({"batchItemFailures": []}));
        if first > 0 {
            assert_eq!(trips, Trips { redis: 1, database: 8 });
        }
    }
    assert_eq!(counted.test.count("webhook_events where state = 'dead'").await, 2);
}

#[tokio::test]
async fn contacts_with_nothing_to_write_cost_one_statement() {
    let counted = Counted::start().await;
    let api = counted.test.api().await;
    let account = Account::connect(&api).await;
    counted.test.worked(&waiting(&account, 30).await).await;
    let contacts = api.pages("/contacts").await;
    let records: Vec<_> =
        contacts.iter().map(|it| msk::of_contact(&api.client.tenant, it["id"].as_str().unwrap())).collect();
    let consumer = consume_contact_events::Consumer::new(&counted.test.app.config.crms).unwrap();
    for is_warm in [false, true] {
        let event = msk::event("crosswalk.contacts", &records);
        let (reply, trips) = counted.trips(consumer.consume(&counted.test.app, event)).await;
        assert_eq!(reply.unwrap(), json!({"batchItemFailures": []}));
        if is_warm {
            assert_eq!(trips, Trips { redis: 0, database: 1 });
        }
    }
}
