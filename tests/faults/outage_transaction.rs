//! The connection to PostgreSQL breaks in the middle of a transaction: all of it is there afterwards or nothing, and whoever
//! asks again gets what they asked for once.

use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use serde_json::{Value, json};
use support::app::{Answer, Api, Setup, TestApp, grace};
use support::proxy::Proxy;
use support::remote::{Remote, record};
use support::services;
use support::wait::eventually;

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn cut_before_its_commit_a_batch_has_done_nothing_and_its_key_is_free() {
    let (proxy, test) = start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    let batch = json!({"items": [grace(), {"id": id, "firstName": "A", "lastName": "B", "email": "a@example.com"}]});

    // It has taken its key, and waits for a contact that somebody else has locked.
    let mut other = test.database.connect().await;
    let transaction = other.transaction().await.unwrap();
    transaction.execute("select from contacts for update", &[]).await.unwrap();
    let cut = async {
        test.waits_for_a_lock().await;
        proxy.cut().await;
    };
    let (answer, ()) = tokio::join!(send(&api, &batch), cut);
    assert_eq!((answer.status, answer.problem()), (503, "unavailable".to_owned()));
    transaction.rollback().await.unwrap();
    test.is_quiet().await;
    assert_eq!((test.count("contacts").await, test.count("idempotency_keys").await), (1, 0));

    proxy.pass().await;
    let again = send(&api, &batch).await.expect(207);
    assert_eq!(again.header("idempotent-replayed"), "");
    assert_eq!((test.count("contacts").await, test.events(&id).await.len()), (2, 2));
}

#[tokio::test]
async fn cut_while_it_commits_a_batch_is_done_and_its_key_gives_the_answer() {
    let (proxy, test) = start().await;
    let api = test.api().await;
    let batch = json!({"items": [grace(), 7]});
    let answer = cut_at_commit(&proxy, &test, send(&api, &batch).boxed_local()).await;
    assert_eq!((answer.status, answer.problem()), (503, "unavailable".to_owned()));
    assert_eq!(test.count("contacts").await, 1, "nobody was told, but it is done");

    let again = send(&api, &batch).await.expect(207);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.json()["items"][0]["status"], 201);
    assert_eq!(test.count("contacts").await, 1);
}

#[tokio::test]
async fn cut_while_it_commits_a_record_is_applied_and_applying_it_again_changes_nothing() {
    let (proxy, test) = start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_one").await;
    let given = record("7");
    cut_at_commit(&proxy, &test, crm.put("7", &given).boxed_local()).await.expect(503);
    let again = crm.put("7", &given).await.expect(200);
    assert_eq!(test.events(&again.id()).await.len(), 1);
    assert_eq!((test.count("contacts").await, test.count("links").await), (1, 1));
    assert_eq!(crm.get("7").await.expect(200).json(), given);
}

#[tokio::test]
async fn cut_before_its_commit_a_record_was_never_there() {
    let (proxy, test) = start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_one").await;
    let id = crm.put("7", &record("7")).await.expect(201).id();
    let mut other = test.database.connect().await;
    let transaction = other.transaction().await.unwrap();
    transaction.execute("select from contacts for update", &[]).await.unwrap();
    let mut later = record("7");
    later["acme_title"] = json!("Countess");
    let cut = async {
        test.waits_for_a_lock().await;
        proxy.cut().await;
    };
    let (answer, ()) = tokio::join!(crm.put("7", &later), cut);
    answer.expect(503);
    transaction.rollback().await.unwrap();
    test.is_quiet().await;
    proxy.pass().await;
    assert_eq!(crm.get("7").await.expect(200).json(), record("7"));
    assert_eq!(test.events(&id).await.len(), 1);
    // The keys that it had locked are free.
    assert_eq!(crm.put("7", &later).await.expect(200).json()["title"], "Countess");
}

async fn start() -> (Proxy, TestApp) {
    let (proxy, _) = Proxy::before(&services::database_url()).await;
    let address = proxy.address();
    let setup = Setup::default().database_at(&address.ip().to_string(), address.port());
    (proxy, setup.start().await)
}

async fn send(api: &Api<'_>, batch: &Value) -> Answer {
    api.ask("POST", "/contacts/batch").header("idempotency-key", "one").json(batch).send().await
}

/// Breaks the connection while the server commits, which takes it a second; afterwards all is as before.
async fn cut_at_commit(proxy: &Proxy, test: &TestApp, request: LocalBoxFuture<'_, Answer>) -> Answer {
    test.execute(
        "create function linger() returns trigger language plpgsql as
             $$ begin perform pg_sleep(1); return null; end $$;
         create constraint trigger linger after insert on contact_events deferrable initially deferred
             for each row execute function linger()",
    )
    .await;
    let cut = async {
        eventually("the server to commit", SOON, async || {
            test.backends("state = 'active' and query ilike 'commit%'").await > 0
        })
        .await;
        proxy.cut().await;
    };
    let (answer, ()) = tokio::join!(request, cut);
    test.is_quiet().await;
    test.execute("drop trigger linger on contact_events").await;
    proxy.pass().await;
    answer
}
