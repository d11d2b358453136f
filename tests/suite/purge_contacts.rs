//! A contact past the retention is erased whole, in as many steps as it takes, and no other is touched.

use std::collections::BTreeSet;
use std::time::Duration;

use crosswalk::clock::End;
use crosswalk::purge;
use serde_json::{Value, json};
use support::app::{Setup, TestApp, ada, charles, grace, person};

use crate::purge::{nothing, purge, with};

#[tokio::test]
async fn a_contact_past_the_retention_is_erased_whole_and_nothing_else_is() {
    let test = TestApp::start().await;
    let (api, stranger, past) = (test.api().await, test.api().await, test.past());
    let gone = api.create(&ada()).await.expect(201).id();
    api.patch(&gone, 1, &json!({"title": "Lady"})).await.expect(200);
    let hardly = api.create(&grace()).await.expect(201).id();
    let living = api.create(&charles()).await.expect(201).id();
    let own = past.connection(&api.client.tenant).await;
    let second = past.connection(&api.client.tenant).await;
    for (id, connection, remote) in [(&gone, &own, "r1"), (&living, &own, "r2"), (&living, &second, "r1")] {
        past.linked(id, connection, remote).await;
        past.told(connection, remote, "processed", 1).await;
    }
    for state in ["unchanged", "dead", "received"] {
        past.told(&own, "r1", state, 1).await;
    }
    past.published().await;
    past.deleted(&gone, "30 days 61 minutes").await;
    past.deleted(&hardly, "30 days 59 minutes").await;
    twins(&test, &stranger.client.tenant).await;
    let theirs = past.connection(&stranger.client.tenant).await;
    past.linked(&gone, &theirs, "r1").await;
    past.told(&theirs, "r1", "processed", 1).await;

    assert_eq!(purge(&test).await, with(&[("contacts", 1), ("events", 2), ("webhookBodies", 3)]));
    let path = format!("/contacts/{gone}?include=links");
    api.ask("GET", &path).send().await.expect(404);
    stranger.ask("GET", &path).send().await.expect(200);
    let (mine, others) = (&api.client.tenant, &stranger.client.tenant);
    let left = set(&[(mine, &hardly), (mine, &living), (others, &gone), (others, &hardly), (others, &living)]);
    assert_eq!(texts(&test, "select tenant_id || contact_id from contact_events").await, left);
    assert_eq!(test.count("contact_events").await, 2 + 3 * 2);
    assert_eq!(texts(&test, "select tenant_id || id from contacts").await, left);
    let links = set(&[(&own, "r2"), (&second, "r1"), (&theirs, "r1")]);
    assert_eq!(texts(&test, "select connection_id || remote_id from links").await, links);
    let emptied = "select connection_id || remote_id || state from webhook_events where body = ''";
    let expected = set(&[(&own, "r1processed"), (&own, "r1unchanged"), (&own, "r1dead")]);
    assert_eq!(texts(&test, emptied).await, expected);
    assert_eq!((test.count("webhook_events").await, purge(&test).await), (7, nothing()));
}

#[tokio::test]
async fn a_contact_of_the_same_id_is_somebody_elses() {
    let test = TestApp::start().await;
    let (api, stranger, past) = (test.api().await, test.api().await, test.past());
    let id = api.create(&ada()).await.expect(201).id();
    past.published().await;
    past.deleted(&id, "1 year").await;
    twins(&test, &stranger.client.tenant).await;
    // Were they taken for the other's, one thing or the other would hold the contact, or go with it.
    test.execute(&format!("delete from contact_events where tenant_id = '{}'", stranger.client.tenant)).await;
    assert_eq!(purge(&test).await, with(&[("contacts", 1), ("events", 1)]));
    let left = texts(&test, "select tenant_id || id from contacts").await;
    assert_eq!(left, set(&[(&stranger.client.tenant, &id)]));
}

#[tokio::test]
async fn a_contact_waits_until_its_events_are_published() {
    let test = TestApp::start().await;
    let (api, past) = (test.api().await, test.past());
    let waits = api.create(&ada()).await.expect(201).id();
    let parked = api.create(&grace()).await.expect(201).id();
    past.published().await;
    api.patch(&waits, 1, &json!({"title": "Lady"})).await.expect(200);
    api.patch(&parked, 1, &json!({"title": "Admiral"})).await.expect(200);
    let park = "update contact_events set dead_at = now(), failure = 'too large' where contact_id";
    test.execute(&format!("{park} = '{parked}' and version = 2")).await;
    past.deleted(&waits, "1 year").await;
    past.deleted(&parked, "1 year").await;

    assert_eq!(purge(&test).await, with(&[("contacts", 1), ("events", 2)]));
    assert_eq!((test.count("contacts").await, test.events(&waits).await.len()), (1, 2));
    past.published().await;
    assert_eq!(purge(&test).await, with(&[("contacts", 1), ("events", 2)]));
    assert_eq!(test.count("contact_events").await, 0);
}

#[tokio::test]
async fn a_history_too_long_for_a_step_is_erased_in_pieces_and_the_contact_last() {
    let test = TestApp::start().await;
    let (api, past) = (test.api().await, test.past());
    let id = api.create(&ada()).await.expect(201).id();
    past.published().await;
    past.changed(&id, 6_499).await;
    past.deleted(&id, "1 year").await;
    for left in [4_500, 2_500] {
        assert_eq!(purge_without_time(&test).await, unfinished(&[("events", 2_000)]));
        assert_eq!((test.events(&id).await.len(), test.count("contacts").await), (left, 1));
    }
    assert_eq!(purge(&test).await, with(&[("contacts", 1), ("events", 2_500)]));
}

#[tokio::test]
async fn webhooks_too_many_for_a_step_are_emptied_in_pieces_and_the_contact_goes_last() {
    let test = TestApp::start().await;
    let (api, past) = (test.api().await, test.past());
    let id = api.create(&ada()).await.expect(201).id();
    past.published().await;
    let connection = past.connection(&api.client.tenant).await;
    past.linked(&id, &connection, "r1").await;
    past.told(&connection, "r1", "processed", 3_500).await;
    past.deleted(&id, "1 year").await;
    for events in [1, 0] {
        let expected = unfinished(&[("events", events), ("webhookBodies", 1_000)]);
        assert_eq!(purge_without_time(&test).await, expected);
        assert_eq!((test.count("contacts").await, test.count("links").await), (1, 1));
    }
    assert_eq!(purge(&test).await, with(&[("contacts", 1), ("webhookBodies", 1_500)]));
}

#[tokio::test]
async fn many_contacts_are_erased_by_the_hundred() {
    let test = TestApp::start().await;
    test.past().crowd(&test.api().await.client.tenant, 350, "1 year").await;
    let report = purge_without_time(&test).await;
    assert_eq!((&report["contacts"], &report["finished"]), (&json!(100), &json!(false)));
    assert_eq!(purge(&test).await, with(&[("contacts", 250), ("events", 1_250)]));
    assert_eq!(test.count("contact_events").await, 0);
}

#[tokio::test]
async fn contacts_that_wait_do_not_hide_those_behind_them() {
    let test = TestApp::start().await;
    let (tenant, past) = (test.api().await.client.tenant, test.past());
    past.crowd(&tenant, 150, "2 years").await;
    test.execute("update contact_events set published_at = null where version = 5").await;
    past.crowd(&tenant, 20, "1 year").await;
    assert_eq!(purge(&test).await, with(&[("contacts", 20), ("events", 100)]));
    assert_eq!((test.count("contacts").await, test.count("contact_events").await), (150, 750));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_at_once_share_the_work() {
    let test = TestApp::start().await;
    test.past().crowd(&test.api().await.client.tenant, 1_000, "1 year").await;
    let other = test.another_instance();
    let end = || End::after(Duration::from_mins(1), 0);
    let (ends, apps) = ([end(), end()], [&test.app, &other]);
    let (one, two) = tokio::join!(purge::run(apps[0], &ends[0]), purge::run(apps[1], &ends[1]));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!((one.contacts + two.contacts, one.events + two.events), (1_000, 5_000));
    assert_eq!((test.count("contacts").await, test.count("contact_events").await), (0, 0));
}

#[tokio::test]
async fn a_contact_that_somebody_works_on_is_passed_over() {
    let test = TestApp::start().await;
    let (api, past) = (test.api().await, test.past());
    let contacts = [ada(), grace(), charles()];
    let mut ids = Vec::new();
    for contact in &contacts {
        ids.push(api.create(contact).await.expect(201).id());
    }
    past.published().await;
    for id in &ids {
        past.deleted(id, "1 year").await;
    }
    // One is brought back, one is just told of in an event that nobody sees yet.
    let mut writer = test.database.connect().await;
    let transaction = writer.transaction().await.unwrap();
    let bring_back = format!("update contacts set deleted_at = null, version = 2 where id = '{}'", ids[0]);
    let tell = format!(
        "insert into contact_events (ce_id, tenant_id, contact_id, version, type, origin, after, changed_fields, \
         occurred_at) select gen_random_uuid(), tenant_id, id, 2, 'updated', '{{}}', '{{}}', '{{}}', now() \
         from contacts where id = '{}'",
        ids[1]
    );
    transaction.batch_execute(&format!("{bring_back}; {tell}")).await.unwrap();
    assert_eq!(purge(&test).await, with(&[("contacts", 1), ("events", 1)]));
    transaction.commit().await.unwrap();
    assert_eq!(purge(&test).await, nothing(), "one lives, and the other's event waits");
    past.published().await;
    assert_eq!(purge(&test).await, with(&[("contacts", 1), ("events", 2)]));
    assert_eq!(test.contact_row(&ids[0]).await["deleted_at"], Value::Null);
}

#[tokio::test]
async fn the_retention_is_configuration() {
    let test = Setup::default().setting("CROSSWALK_RETENTION_CONTACT_DAYS", "3").start().await;
    let (api, past) = (test.api().await, test.past());
    for (name, ago) in [("Ada", "3 days 61 minutes"), ("Grace", "2 days")] {
        let id = api.create(&person(name, "Hopper")).await.expect(201).id();
        past.deleted(&id, ago).await;
    }
    past.published().await;
    assert_eq!(purge(&test).await, with(&[("contacts", 1), ("events", 1)]));
}

/// A run whose time is over when it begins.
async fn purge_without_time(test: &TestApp) -> Value {
    let report = purge::run(&test.app, &End::after(Duration::ZERO, 0)).await.unwrap();
    serde_json::to_value(report).unwrap()
}

/// A run that stopped before it was at the end of everything.
fn unfinished(erased: &[(&str, u64)]) -> Value {
    let mut report = with(erased);
    report["finished"] = json!(false);
    report
}

/// Another tenant gets living contacts with the same ids, and two events of each, of which one waits. Ids are not shared in truth;
/// here they are, so that a statement that forgets the tenant is found out.
async fn twins(test: &TestApp, tenant: &str) {
    test.execute(&format!(
        "insert into contacts \
         select '{tenant}', id, first_name, last_name, email, phone, company, title, address, notes, status, tags, \
             custom_fields, version, created_at, updated_at from contacts; \
         insert into contact_events (ce_id, tenant_id, contact_id, version, type, origin, after, changed_fields, \
             occurred_at, published_at) \
         select gen_random_uuid(), tenant_id, id, n, 'updated', '{{}}', '{{}}', '{{}}', now(), \
             case when n = 1 then now() end \
         from contacts, generate_series(1, 2) as n where tenant_id = '{tenant}'"
    ))
    .await;
}

fn set(pairs: &[(impl AsRef<str>, impl AsRef<str>)]) -> BTreeSet<String> {
    pairs.iter().map(|(one, other)| format!("{}{}", one.as_ref(), other.as_ref())).collect()
}

async fn texts(test: &TestApp, sql: &str) -> BTreeSet<String> {
    test.sql.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}
