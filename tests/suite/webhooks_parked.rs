//! Webhooks that can't be worked: parked with the reason, while the others of their batch are done.

use serde_json::{Value, json};
use support::account::{Account, TOPIC, webhook};
use support::app::{Setup, TestApp};
use support::msk;
use support::proxy::Proxy;
use support::remote::record;
use support::services;

/// A record of this name, changed on this day of January.
fn named(id: &str, last: &str, day: usize) -> Value {
    let mut record = record(id);
    record["acme_last_name"] = json!(last);
    record["acme_updated_at"] = json!(format!("2026-01-{day:02}T00:00:00Z"));
    record
}

/// What a webhook needs that is to be worked once more.
async fn replay(test: &TestApp) {
    test.execute("update webhook_events set state = 'received', failure = null where state = 'dead'").await;
}

async fn states(account: &Account<'_>, names: &[&str]) -> Vec<String> {
    let mut states = Vec::new();
    for name in names {
        states.push(account.outcome(name).await.0);
    }
    states
}

#[tokio::test]
async fn a_record_with_faults_is_parked_with_all_of_them_and_no_value() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let mut faulty = named("2", "  ", 1);
    faulty["acme_email"] = json!("secret-address");
    faulty["acme_status"] = json!("secret-status");
    let mut names = Vec::new();
    for (event_id, data) in [("evt_1", named("1", "One", 1)), ("evt_2", faulty), ("evt_3", named("3", "Three", 1))] {
        names.push(account.tell("contact.created", event_id, &data).await);
    }
    test.worked(&names).await;
    assert_eq!(states(&account, &["evt_1", "evt_2", "evt_3"]).await, ["processed", "dead", "processed"]);
    let reason = account.outcome("evt_2").await.1.unwrap();
    for pointer in ["/acme_last_name ", "/acme_email ", "/acme_status "] {
        assert!(reason.contains(pointer), "{pointer} is missing: {reason}");
    }
    assert!(!reason.contains("secret"), "{reason}");
    assert_eq!(test.count("contacts").await, 2);
}

#[tokio::test]
async fn two_halves_that_make_no_whole_are_parked() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let custom = |from: usize, count: usize| -> Value {
        (from..from + count).map(|n| (format!("field{n}"), json!(n))).collect::<serde_json::Map<_, _>>().into()
    };
    let mut given = named("1", "One", 1);
    given["acme_custom_fields"] = custom(0, 1);
    test.worked(&[account.tell("contact.created", "evt_1", &given).await]).await;
    let contact = api.pages("/contacts").await.remove(0);
    let ours = json!({"customFields": custom(100, 60)});
    api.patch(contact["id"].as_str().unwrap(), 1, &ours).await.expect(200);
    let mut theirs = named("1", "One", 2);
    theirs["acme_custom_fields"] = custom(0, 60);
    test.worked(&[account.tell("contact.updated", "evt_2", &theirs).await]).await;
    let (state, reason) = account.outcome("evt_2").await;
    assert_eq!(state, "dead");
    assert!(reason.as_ref().unwrap().contains("together with what is here"), "{reason:?}");
}

#[tokio::test]
async fn what_postgresql_refuses_is_found_among_many_and_worked_once_it_can_be() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    test.execute("alter table contacts add constraint no_poison check (last_name <> 'Poison')").await;
    let mut names = Vec::new();
    for n in 1..=20 {
        let last = if [1, 11, 20].contains(&n) { "Poison" } else { "Good" };
        names.push(account.tell("contact.created", &format!("evt_{n}"), &named(&n.to_string(), last, 1)).await);
    }
    // What is told of a contact before and after is not lost with it.
    names.push(account.tell("contact.updated", "before", &named("5", "Better", 2)).await);
    names.push(account.tell("contact.updated", "poison", &named("5", "Poison", 3)).await);
    test.worked(&names).await;
    test.worked(&[account.tell("contact.updated", "after", &named("5", "Best", 4)).await]).await;
    let poisonous = ["evt_1", "evt_11", "evt_20", "poison"];
    for name in poisonous {
        let reason = "PostgreSQL can't keep it: SQLSTATE 23514 (no_poison)".to_owned();
        assert_eq!(account.outcome(name).await, ("dead".to_owned(), Some(reason)), "{name}");
    }
    assert_eq!(test.count("webhook_events where state = 'processed'").await, 19);
    assert_eq!((test.count("contacts").await, test.count("contact_events").await), (17, 19));
    assert_eq!(account.remote.get("5").await.expect(200).json()["acme_last_name"], "Best");

    test.worked(&names).await;
    assert_eq!(test.count("webhook_events where state = 'dead'").await, 4, "nobody has said that it can be");
    test.execute("alter table contacts drop constraint no_poison").await;
    replay(&test).await;
    test.worked(&names).await;
    assert_eq!(states(&account, &poisonous).await, ["processed", "processed", "processed", "unchanged"]);
    assert_eq!((test.count("contacts").await, test.count("contact_events").await), (20, 22));
    assert_eq!(account.remote.get("11").await.expect(200).json()["acme_last_name"], "Poison");
}

#[tokio::test]
async fn a_connection_whose_crm_is_not_known_stops_no_other() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let (account, strange) = (Account::connect(&api).await, Account::connect(&api).await);
    let names = [
        strange.tell("contact.created", "evt_1", &record("1")).await,
        account.tell("contact.created", "evt_1", &record("1")).await,
    ];
    let connection = &strange.remote.connection;
    test.execute(&format!("update connections set crm = 'other' where id = '{connection}'")).await;
    test.worked(&names).await;
    assert_eq!(strange.outcome("evt_1").await.0, "dead");
    assert_eq!(account.outcome("evt_1").await.0, "processed");
}

#[tokio::test]
async fn more_bodies_than_fit_into_memory_are_worked_one_part_after_the_other() {
    let test = Setup::default().setting("CROSSWALK_REQUEST_MS", "60000").start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let mut names = Vec::new();
    for n in 1..=20 {
        let data = named(&(n % 4).to_string(), &format!("Name {n}"), n);
        let mut body = webhook("contact.updated", &format!("evt_{n}"), &data).to_string().into_bytes();
        body.resize(900 * 1024, b' ');
        names.push(account.signed(&body).send().await.expect(202).id());
    }
    test.worked(&names).await;
    assert_eq!(test.count("webhook_events where state = 'processed'").await, 20);
    assert_eq!((test.count("contacts").await, test.count("contact_events").await), (4, 20));
    for n in 17..=20 {
        let path = format!("/contacts?connection={}&remoteId={}", account.remote.connection, n % 4);
        let page = api.ask("GET", &path).send().await.expect(200).json();
        assert_eq!(page["items"][0]["lastName"], format!("Name {n}"));
    }
}

#[tokio::test]
async fn without_postgresql_all_records_are_to_come_again() {
    let (proxy, _) = Proxy::before(&services::database_url()).await;
    let address = proxy.address();
    let setup = Setup::default().database_at(&address.ip().to_string(), address.port());
    let test = setup.setting("CROSSWALK_DATABASE_CONNECT_MS", "2000").start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let name = account.tell("contact.created", "evt_1", &record("1")).await;
    let id = uuid::Uuid::now_v7().to_string();
    let webhooks = || msk::event_from(TOPIC, 7, &[msk::of_webhook(&name), msk::of_webhook(&id)]);
    let contacts =
        || msk::event_from("crosswalk.contacts", 7, &[msk::of_contact(&api.client.tenant, &id), Value::Null]);
    let by_items = test.another_instance_with(&[("CROSSWALK_BATCH_ITEM_FAILURES", "true")]);
    let consumer = consume_contact_events::Consumer::new(&test.app.config.crms).unwrap();
    let named = |topic: &str, offsets: &[i64]| {
        let item = |offset: &i64| json!({"itemIdentifier": {"partition": format!("{topic}-0"), "offset": offset}});
        json!({"batchItemFailures": offsets.iter().map(item).collect::<Vec<_>>()})
    };

    proxy.cut().await;
    // Where the mapping doesn't read which failed, the reply that names them would be taken for success.
    consume_webhook_events::handle(&test.app, webhooks()).await.unwrap_err();
    consumer.consume(&test.app, contacts()).await.unwrap_err();
    let reply = consume_webhook_events::handle(&by_items, webhooks()).await.unwrap();
    assert_eq!(reply, named(TOPIC, &[7, 8]));
    // A record that is nothing at all does not even know its offset.
    assert_eq!(consumer.consume(&by_items, contacts()).await.unwrap(), named("crosswalk.contacts", &[7, -1]));

    proxy.pass().await;
    assert_eq!(consume_webhook_events::handle(&by_items, webhooks()).await.unwrap(), named(TOPIC, &[]));
    assert_eq!(account.outcome("evt_1").await.0, "processed");
    consumer.consume(&by_items, contacts()).await.unwrap();
    assert_eq!(test.count("parked_records").await, 1);
}
