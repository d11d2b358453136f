//! Thousands of changes on both sides at once, told twice, out of order and again, with poison among them, while functions are
//! killed: in the end both sides are the same, and nothing was done twice.

use std::time::Duration;

use acme_crm::Faults;
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};
use support::app::{Api, Setup, TestApp, person};
use support::crm::{Crm, typed};
use support::sides;
use support::two_way::TwoWay;
use support::wait::eventually;

const CONTACTS: usize = 300;

/// How often each record is changed in the CRM. With the records' making that is 5,000 webhooks, and every fifth is sent twice.
const CHANGES: usize = 24;

/// How often each of our own contacts is changed here meanwhile.
const OUR_CHANGES: usize = 4;

const POISON: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_webhooks_of_three_hundred_contacts_leave_both_sides_the_same() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000").start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start_with(&test, &[("CROSSWALK_WEBHOOK_RATE", "100000/100000")]).await;
    way.connect(&mut crm);
    crm.faults(Faults { duplicates: 0.2, reordering: true, ..Faults::default() });

    let busy = async { tokio::join!(theirs(&crm), ours(&api), poison(&crm)) };
    let ((records, (), poisoned), ()) = tokio::join!(busy, killing(&way));
    crm.faults(Faults::default());
    redelivered(&test).await;
    way.at_rest(&[&crm]).await;

    assert_eq!(records, CONTACTS * 2 / 3);
    assert_eq!(sides::differences(&test.sql, &crm).await, Vec::<String>::new());
    assert_eq!(sides::out_of_order(&test.sql).await, Vec::<String>::new());
    // Exactly the poisonous are parked, and all else was worked.
    let dead: Vec<String> = column(&test, "select event_id from webhook_events where state = 'dead' order by 1").await;
    assert_eq!(dead, poisoned);
    assert_eq!(test.count("links where state <> 'synced'").await, 0);
    // What changed a contact is a webhook that says so; each did it once.
    let changed = test.count("contact_events where origin ->> 'kind' = 'connection'").await;
    let processed = test.count("webhook_events where state = 'processed'").await;
    assert!(processed <= changed, "{processed} webhooks have changed something, {changed} times");
    let webhooks = test.count("webhook_events").await;
    assert!(webhooks >= 5_000, "only {webhooks} events were told");
}

/// Somebody works in the CRM: makes records, changes them, deletes some.
async fn theirs(crm: &Crm) -> usize {
    let record = async |number: usize| {
        let made = crm.create(&typed(&format!("Theirs{number}"))).await;
        let id = made["id"].as_str().unwrap();
        for change in 0..CHANGES {
            crm.patch(id, &json!({"acme_title": format!("{change}"), "acme_notes": format!("{number}-{change}")}))
                .await;
        }
        if number.is_multiple_of(10) {
            crm.delete(id).await;
        }
    };
    let numbers = 0..CONTACTS * 2 / 3;
    stream::iter(numbers.clone()).map(record).buffer_unordered(8).for_each(async |()| {}).await;
    numbers.len()
}

/// Clients work here meanwhile.
async fn ours(api: &Api<'_>) {
    let contact = async |number: usize| {
        let id = api.create(&person(&format!("Ours{number}"), "Hopper")).await.expect(201).id();
        for change in 0..OUR_CHANGES {
            let patch = json!({"title": format!("{change}")});
            let ask = api.ask("PATCH", &format!("/contacts/{id}")).header("if-match", "*");
            ask.json(&patch).send().await.expect(200);
        }
        if number.is_multiple_of(10) {
            api.delete(&id).await.expect(204);
        }
    };
    stream::iter(0..CONTACTS / 3).map(contact).buffer_unordered(4).for_each(async |()| {}).await;
}

/// Webhooks that are signed, and say what can't be.
async fn poison(crm: &Crm) -> Vec<String> {
    let send = async |number: usize| {
        let id = format!("poison-{number:03}");
        let mut data = typed("Poison");
        data["id"] = json!(format!("poisoned-{number}"));
        data["acme_updated_at"] = json!("2026-01-01T00:00:00Z");
        match number % 4 {
            0 => data["acme_email"] = json!("nobody"),
            1 => data["acme_updated_at"] = json!("2999-01-01T00:00:00Z"),
            2 => data["acme_last_name"] = Value::Null,
            _ => data["acme_notes"] = json!("with a \0"),
        }
        let webhook = json!({"event": "contact.updated", "id": id, "data": data});
        // Whoever should have taken it may have been killed.
        eventually("the poison to be taken", Duration::from_secs(30), || async {
            [json!(202), json!(200), json!(422)].contains(&crm.send(&webhook).await["status"])
        })
        .await;
        id
    };
    let mut ids: Vec<_> = stream::iter(0..POISON).map(send).buffer_unordered(2).collect().await;
    ids.sort();
    ids
}

/// The consumers and the relay are killed in the midst of it.
async fn killing(way: &TwoWay<'_>) {
    for round in 0..6 {
        let worked = way.webhook_consumer.log().matches("webhooks worked").count();
        let more = || async { way.webhook_consumer.log().matches("webhooks worked").count() > worked };
        eventually("the next batch of webhooks", Duration::from_secs(30), more).await;
        match round % 3 {
            0 => drop(way.webhook_consumer.kill().await),
            1 => drop(way.contact_consumer.kill().await),
            _ => drop(way.receive.kill().await),
        }
    }
}

/// All that was published is published again.
async fn redelivered(test: &TestApp) {
    test.execute(
        "update relay_floors set floor = 0, candidate = null, candidate_xid = null, candidate_at = null; \
         update contact_events set published_at = null where dead_at is null",
    )
    .await;
}

async fn column(test: &TestApp, sql: &str) -> Vec<String> {
    let rows = test.sql.query(sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    rows.iter().map(|row| row.get(0)).collect()
}
