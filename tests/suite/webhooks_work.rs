//! Working webhooks: what a CRM tells becomes true here, once and in order.

use futures::future::join_all;
use serde_json::{Value, json};
use support::account::{Account, deletion, webhook};
use support::app::TestApp;
use support::remote::record;

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A record that was changed on this day of January and has this title since.
fn titled(id: &str, day: u32, title: &str) -> Value {
    let mut record = record(id);
    record["acme_updated_at"] = json!(on(day));
    record["acme_title"] = json!(title);
    record
}

fn on(day: u32) -> String {
    format!("2026-01-{day:02}T00:00:00Z")
}

/// Versions, types and titles of a contact's events, in the order in which they happened.
async fn told(test: &TestApp, id: &str) -> Vec<(i64, String, Option<String>)> {
    let word = |value: &Value| value.as_str().map(str::to_owned);
    let told = |event: Value| {
        (event["version"].as_i64().unwrap(), word(&event["type"]).unwrap(), word(&event["after"]["title"]))
    };
    test.events(id).await.into_iter().map(told).collect()
}

fn event(version: i64, kind: &str, title: &str) -> (i64, String, Option<String>) {
    (version, kind.to_owned(), Some(title.to_owned()))
}

#[tokio::test]
async fn what_is_told_becomes_true_and_the_cache_forgets_what_was() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let created = webhook("contact.created", "evt_1", &titled("1", 1, "Miss")).to_string();
    let name = account.signed(created.as_bytes()).header("traceparent", TRACE).send().await.expect(202).id();
    test.worked(&[name]).await;
    let contact = account.remote.get("1").await.expect(200);
    assert_eq!(contact.json(), titled("1", 1, "Miss"));
    let id = api.pages("/contacts?include=links").await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(api.get(&id).await.expect(200).json()["title"], "Miss", "and it is in the cache now");

    let names = [account.tell("contact.updated", "evt_2", &titled("1", 2, "Countess")).await];
    test.worked(&names).await;
    assert_eq!(api.get(&id).await.expect(200).json()["title"], "Countess");
    test.worked(&[account.tell("contact.deleted", "evt_3", &deletion("1", &on(3))).await]).await;
    assert_eq!(api.get(&id).await.expect(410).problem(), "contact-deleted");

    let events = test.events(&id).await;
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["created", "updated", "deleted"]);
    assert_eq!((&events[0]["traceparent"], &events[1]["traceparent"]), (&json!(TRACE), &Value::Null));
    for event in &events {
        assert_eq!(event["origin"], json!({"kind": "connection", "connection": account.remote.connection}));
    }
    for event_id in ["evt_1", "evt_2", "evt_3"] {
        assert_eq!(account.outcome(event_id).await, ("processed".to_owned(), None), "{event_id}");
    }
    let unprocessed = "webhook_events where processed_at is null or published_at is not null";
    assert_eq!(test.count(unprocessed).await, 0, "whether it was published is the relay's to say");
}

#[tokio::test]
async fn several_events_of_a_contact_fold_in_the_order_in_which_they_came() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let mut names = Vec::new();
    for (number, id) in ["1", "2"].into_iter().enumerate() {
        let event_id = |step: usize| format!("evt_{number}_{step}");
        names.push(account.tell("contact.created", &event_id(1), &titled(id, 1, "a")).await);
        names.push(account.tell("contact.updated", &event_id(2), &titled(id, 2, "b")).await);
        names.push(account.tell("contact.updated", &event_id(3), &titled(id, 2, "b")).await);
        names.push(account.tell("contact.updated", &event_id(4), &titled(id, 3, "c")).await);
        names.push(account.tell("contact.deleted", &event_id(5), &deletion(id, &on(4))).await);
        names.push(account.tell("contact.updated", &event_id(6), &titled(id, 5, "d")).await);
    }
    // The records' order is nothing to go by: a replayed one comes late.
    names.reverse();
    test.worked(&names).await;
    let contacts = api.pages("/contacts").await;
    assert_eq!(contacts.len(), 2, "{contacts:?}");
    for contact in contacts {
        let history = told(&test, contact["id"].as_str().unwrap()).await;
        let expected = [
            event(1, "created", "a"),
            event(2, "updated", "b"),
            event(3, "updated", "c"),
            event(4, "deleted", "c"),
            event(5, "restored", "d"),
        ];
        assert_eq!(history, expected);
        assert_eq!((&contact["version"], &contact["title"]), (&json!(5), &json!("d")));
    }
    assert_eq!(account.outcome("evt_0_3").await.0, "unchanged");
    assert_eq!(test.count("webhook_events where state = 'processed'").await, 10);
}

#[tokio::test]
async fn one_batch_may_be_of_many_tenants_and_connections() {
    let test = TestApp::start().await;
    let apis = join_all((0..2).map(|_| test.api())).await;
    let mut accounts = Vec::new();
    for api in [&apis[0], &apis[0], &apis[1], &apis[1]] {
        accounts.push(Account::connect(api).await);
    }
    let mut names = Vec::new();
    for day in 1..=2 {
        for (number, account) in accounts.iter().enumerate() {
            let (event_id, title) = (format!("evt_{day}"), format!("of {number} on {day}"));
            names.push(account.tell("contact.updated", &event_id, &titled("1", day, &title)).await);
        }
    }
    test.worked(&names).await;
    for (number, account) in accounts.iter().enumerate() {
        let record = account.remote.get("1").await.expect(200).json();
        assert_eq!(record["acme_title"], format!("of {number} on 2"));
    }
    for api in &apis {
        let versions: Vec<_> = api.pages("/contacts").await.iter().map(|it| it["version"].clone()).collect();
        assert_eq!(versions, [2, 2]);
    }
    assert_eq!(test.count("contact_events").await, 8);
}

#[tokio::test]
async fn what_comes_twice_is_worked_once_also_by_two_at_once() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let mut names = Vec::new();
    for day in 1..=9 {
        names.push(account.tell("contact.updated", &format!("evt_{day}"), &titled("1", day, &day.to_string())).await);
    }
    let twice: Vec<_> = names.iter().chain(names.iter().rev()).cloned().collect();
    let other = test.another_instance();
    let elsewhere = async {
        let records: Vec<_> = names.iter().map(|name| support::msk::of_webhook(name)).collect();
        let event = support::msk::event(support::account::TOPIC, &records);
        consume_webhook_events::handle(&other, event).await.unwrap();
    };
    tokio::join!(test.worked(&twice), elsewhere);
    test.worked(&names).await;
    let contact = &api.pages("/contacts").await[0];
    let history = told(&test, contact["id"].as_str().unwrap()).await;
    assert_eq!(history.iter().map(|(version, ..)| *version).collect::<Vec<_>>(), (1..=9).collect::<Vec<_>>());
    assert_eq!(test.count("webhook_events where state = 'processed'").await, 9);
}

#[tokio::test]
async fn what_somebody_else_finishes_meanwhile_is_left_to_them_and_the_rest_is_worked() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    test.worked(&[account.tell("contact.created", "evt_1", &titled("1", 1, "a")).await]).await;
    let names = [
        account.tell("contact.updated", "evt_2", &titled("1", 2, "b")).await,
        account.tell("contact.created", "evt_3", &titled("2", 3, "c")).await,
    ];
    let somebody = test.database.connect().await;
    somebody.batch_execute("begin; select from contacts for update").await.unwrap();
    let meanwhile = async {
        test.waits_for_a_lock().await;
        let finish = "update webhook_events set state = 'unchanged' where event_id = 'evt_2'; commit";
        somebody.batch_execute(finish).await.unwrap();
    };
    tokio::join!(test.worked(&names), meanwhile);
    assert_eq!(account.outcome("evt_2").await.0, "unchanged");
    assert_eq!(account.outcome("evt_3").await.0, "processed");
    assert_eq!(account.remote.get("1").await.expect(200).json()["acme_title"], "a");
}

#[tokio::test]
async fn old_news_are_none_and_equal_ones_change_nothing() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let newest = titled("1", 5, "newest");
    test.worked(&[account.tell("contact.created", "evt_1", &newest).await]).await;
    let mut same_time = titled("1", 5, "older by its version");
    same_time["acme_version"] = json!(0);
    let names = [
        account.tell("contact.updated", "older", &titled("1", 4, "older")).await,
        account.tell("contact.updated", "equal", &newest).await,
        account.tell("contact.updated", "version", &same_time).await,
        account.tell("contact.deleted", "deletion", &deletion("1", &on(4))).await,
    ];
    test.worked(&names).await;
    for event_id in ["older", "equal", "version", "deletion"] {
        assert_eq!(account.outcome(event_id).await, ("unchanged".to_owned(), None), "{event_id}");
    }
    assert_eq!(account.remote.get("1").await.expect(200).json(), newest);
    assert_eq!(test.count("contact_events").await, 1);
}

#[tokio::test]
async fn what_happened_in_the_future_is_parked_and_what_is_a_little_ahead_is_not() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let ahead = |minutes: i64| (jiff::Timestamp::now() + jiff::SignedDuration::from_mins(minutes)).to_string();
    let mut far = record("1");
    far["acme_updated_at"] = json!(ahead(6));
    let mut near = record("2");
    near["acme_updated_at"] = json!(ahead(4));
    let names = [
        account.tell("contact.created", "far", &far).await,
        account.tell("contact.created", "near", &near).await,
        account.tell("contact.deleted", "deletion", &deletion("2", &ahead(60))).await,
    ];
    test.worked(&names).await;
    for event_id in ["far", "deletion"] {
        let (state, reason) = account.outcome(event_id).await;
        assert_eq!(state, "dead", "{event_id}");
        assert!(reason.as_ref().unwrap().contains("more than five minutes ahead"), "{reason:?}");
    }
    assert_eq!(account.outcome("near").await, ("processed".to_owned(), None));
    assert_eq!(api.pages("/contacts").await.len(), 1);
}

#[tokio::test]
async fn a_deletion_that_comes_before_what_it_deletes_is_remembered() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    test.worked(&[account.tell("contact.deleted", "evt_1", &deletion("1", &on(3))).await]).await;
    assert_eq!(account.outcome("evt_1").await, ("unchanged".to_owned(), None));
    let late = account.tell("contact.created", "evt_2", &titled("1", 2, "late")).await;
    let same = account.tell("contact.updated", "evt_3", &titled("1", 3, "at that moment")).await;
    test.worked(&[late, same]).await;
    assert_eq!(
        (account.outcome("evt_2").await.0, account.outcome("evt_3").await.0),
        ("unchanged".into(), "unchanged".into())
    );
    account.remote.get("1").await.expect(404);
    // And within one batch.
    let names = [
        account.tell("contact.deleted", "evt_4", &deletion("2", &on(3))).await,
        account.tell("contact.created", "evt_5", &titled("2", 2, "late")).await,
    ];
    test.worked(&names).await;
    assert_eq!(test.count("contacts").await, 0);

    test.worked(&[account.tell("contact.created", "evt_6", &titled("1", 4, "again")).await]).await;
    assert_eq!(account.remote.get("1").await.expect(200).json()["acme_title"], "again");
}

#[tokio::test]
async fn a_record_that_names_no_time_is_as_new_as_the_event() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let told = |event_id: &str, day: u32, title: &str| {
        let mut data = titled("1", 1, title);
        data.as_object_mut().unwrap().remove("acme_updated_at");
        let mut webhook = webhook("contact.updated", event_id, &data);
        webhook["timestamp"] = json!(on(day));
        webhook
    };
    let mut names = Vec::new();
    for (event_id, day) in [("first", 5), ("older", 4), ("newer", 6)] {
        names.push(account.send(&told(event_id, day, event_id)).await.expect(202).id());
    }
    test.worked(&names).await;
    assert_eq!(account.outcome("older").await.0, "unchanged");
    assert_eq!(account.remote.get("1").await.expect(200).json()["acme_title"], "newer");
    assert_eq!(test.count(&format!("links where base_timestamp = '{}'", on(6))).await, 1);
}
