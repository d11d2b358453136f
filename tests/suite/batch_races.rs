//! Batches over the same contacts, in opposite orders, with other writers between them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use support::app::{Api, Setup, TestApp, person};
use support::wait::eventually;

const CONTACTS: usize = 40;
const ROUNDS: usize = 15;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn opposite_orders_end_in_no_deadlock_and_each_contacts_events_are_in_order() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000").start().await;
    let api = test.api().await;
    let ids =
        join_all((0..CONTACTS).map(async |n| api.create(&person("First", &n.to_string())).await.expect(201).id()))
            .await;
    let backwards: Vec<_> = ids.iter().rev().cloned().collect();
    let shuffled: Vec<_> = (0..CONTACTS).map(|n| ids[n * 7 % CONTACTS].clone()).collect();
    let before = deadlocks(&test).await;

    let done = AtomicBool::new(false);
    let batches = async {
        tokio::join!(batches(&api, &ids, "a"), batches(&api, &backwards, "b"), batches(&api, &shuffled, "c"));
        done.store(true, Ordering::Relaxed);
    };
    tokio::join!(batches, write(&api, &ids, &done), write(&api, &backwards, &done));

    assert_eq!(deadlocks(&test).await, before, "nobody had to give way");
    for id in &ids {
        assert_in_order(&test, id).await;
    }
}

/// One transaction holds a batch's first contact; another batch holds its second and wants the first: sorted, both end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_and_contacts_are_locked_in_one_order() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000").start().await;
    let api = test.api().await;
    test.execute(&format!(
        "insert into connections (tenant_id, id, crm, base_url, secret_name)
         values ('{}', 'cn_one', 'acme', 'http://localhost', 'none')",
        api.client.tenant
    ))
    .await;
    let item = |n: usize, round: usize| {
        let mut contact = person("First", &format!("{round}"));
        contact["connection"] = json!("cn_one");
        contact["remoteId"] = json!(n.to_string());
        contact
    };
    let send = async |order: Vec<usize>| {
        for round in 0..ROUNDS {
            let items: Vec<_> = order.iter().map(|n| item(*n, round)).collect();
            let answer = api.ask("POST", "/contacts/batch").json(&json!({"items": items})).send().await.expect(207);
            for outcome in answer.json()["items"].as_array().unwrap() {
                assert!(outcome["status"] == 200 || outcome["status"] == 201, "{outcome}");
            }
        }
    };
    let before = deadlocks(&test).await;
    tokio::join!(
        send((0..CONTACTS).collect()),
        send((0..CONTACTS).rev().collect()),
        send((0..CONTACTS).map(|n| n * 7 % CONTACTS).collect())
    );
    assert_eq!(deadlocks(&test).await, before);
    assert_eq!((test.count("contacts").await, test.count("links").await), (40, 40), "each record has one contact");
}

/// The last thing a transaction waits for is not a lock that another, waiting for it, holds: but if somebody outside
/// the order makes a deadlock, the batch is tried once more and succeeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_had_to_give_way_is_tried_again() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut ids = Vec::new();
    for n in 0..2 {
        ids.push(api.create(&person("First", &n.to_string())).await.expect(201).id());
    }
    let mut other = test.database.connect().await;
    // Whoever waits longer than this looks for a deadlock first, and gives way: the batch, not the other.
    other.batch_execute("set deadlock_timeout = '60s'").await.unwrap();
    let transaction = other.transaction().await.unwrap();
    let lock = "select from contacts where id = $1::text::uuid for no key update";
    transaction.execute(lock, &[&ids[1]]).await.unwrap();
    let batch = async {
        let items: Vec<_> = ids
            .iter()
            .map(|id| json!({"id": id, "firstName": "A", "lastName": "B", "email": "a@example.com"}))
            .collect();
        api.ask("POST", "/contacts/batch").json(&json!({"items": items})).send().await
    };
    let crossing = async {
        // The batch has the first and waits for the second.
        eventually("the batch to wait", Duration::from_secs(10), async || {
            test.backends("wait_event_type = 'Lock'").await > 0
        })
        .await;
        transaction.execute(lock, &[&ids[0]]).await.unwrap();
        transaction.commit().await.unwrap();
    };
    let before = deadlocks(&test).await;
    let (answer, ()) = tokio::join!(batch, crossing);
    let statuses: Vec<_> =
        answer.expect(207).json()["items"].as_array().unwrap().iter().map(|it| it["status"].clone()).collect();
    assert_eq!(statuses, [200, 200]);
    eventually("the deadlock to be counted", Duration::from_secs(10), async || deadlocks(&test).await == before + 1)
        .await;
}

async fn batches(api: &Api<'_>, ids: &[String], side: &str) {
    for round in 0..ROUNDS {
        let item = |id: &String| {
            let mut contact = person("First", &format!("{side}{round}"));
            contact["id"] = json!(id);
            contact
        };
        let items: Value = ids.iter().map(item).collect();
        let answer = api.ask("POST", "/contacts/batch").json(&json!({"items": items})).send().await.expect(207);
        for outcome in answer.json()["items"].as_array().unwrap() {
            assert_eq!(outcome["status"], 200, "{outcome}");
        }
    }
}

async fn write(api: &Api<'_>, ids: &[String], done: &AtomicBool) {
    for id in ids.iter().cycle() {
        if done.load(Ordering::Relaxed) {
            return;
        }
        let ask = api.ask("PATCH", &format!("/contacts/{id}")).header("if-match", "*");
        ask.json(&json!({"title": id})).send().await.expect(200);
    }
}

async fn assert_in_order(test: &TestApp, id: &str) {
    let events = test.events(id).await;
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["version"], index + 1);
        let before = index.checked_sub(1).map_or(&Value::Null, |previous| &events[previous]["after"]);
        assert_eq!(&event["before"], before);
    }
    assert_eq!(test.contact_row(id).await["version"], events.len());
}

async fn deadlocks(test: &TestApp) -> i64 {
    let sql = "select deadlocks from pg_stat_database where datname = current_database()";
    test.sql.query_one(sql, &[]).await.unwrap().get(0)
}
