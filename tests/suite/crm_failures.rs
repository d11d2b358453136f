//! What a CRM refuses, and what it wants to be asked later.

use acme_crm::Faults;
use serde_json::{Value, json};
use support::app::{Setup, TestApp};
use support::crm::Crm;
use support::pushes::Pushes;

/// Pauses are left to chance, from nothing up to their length: these are as good as always too long to be waited for.
const LONG: &str = "360000000";

async fn start(settings: &[(&str, &str)]) -> TestApp {
    let setup = Setup::default().calls_freely();
    settings.iter().fold(setup, |setup, (name, value)| setup.setting(name, value)).start().await
}

#[tokio::test]
async fn a_crm_that_asks_for_a_pause_has_it() {
    let test = start(&[]).await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let pushes = Pushes::of(&api, test.another_instance());
    pushes.push(&api.create_many(1).await).await;
    let before = crm.asked("GET /contacts").await;
    crm.faults(Faults { too_many: 1_000, retry_after_seconds: 60, ..Faults::default() });
    let contacts = api.create_many(12).await;
    pushes.push(&contacts).await;
    for id in &contacts {
        let link = api.link(id, &crm.connection).await;
        assert_eq!((&link["state"], &link["attempts"], &link["sending"]), (&json!("pending"), &json!(0), &Value::Null));
        let retry_in = link["retry_in"].as_f64().unwrap();
        assert!((45.0..70.0).contains(&retry_in), "{link}");
    }
    // Those that were under way together.
    let asked = crm.asked("GET /contacts").await - before;
    assert!((1..=4).contains(&asked), "{asked}");
    // Whoever else changes meanwhile waits too.
    pushes.push(&api.create_many(3).await).await;
    pushes.push(&contacts).await;
    assert_eq!(crm.asked("GET /contacts").await - before, asked);
    assert_eq!((api.links("pending").await, api.links("synced").await), (15, 1));
}

#[tokio::test]
async fn what_is_refused_for_good_is_dead_until_the_contact_changes() {
    let test = start(&[]).await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let pushes = Pushes::of(&api, test.another_instance());
    crm.faults(Faults { refusals: 1, ..Faults::default() });
    let contacts = api.create_many(1).await;
    let id = &contacts[0];
    pushes.push(&contacts).await;
    let link = api.link(id, &crm.connection).await;
    assert_eq!((&link["state"], &link["retry_at"], &link["pushed_version"]), (&json!("dead"), &Value::Null, &json!(0)));
    let reason = link["failure"].as_str().unwrap();
    assert!(reason.starts_with("POST was answered with 422 ") && reason.contains("acme_email"), "{reason}");

    pushes.push(&contacts).await;
    assert_eq!(crm.asked("POST /contacts").await, 1, "it is not tried in vain again");
    api.patch(id, 1, &json!({"title": "Countess"})).await.expect(200);
    pushes.push_through(id).await;
    let link = api.link(id, &crm.connection).await;
    assert_eq!(
        (&link["state"], &link["failure"], &link["pushed_version"]),
        (&json!("synced"), &Value::Null, &json!(2))
    );
    assert_eq!(crm.records_of(id).await[0]["acme_title"], "Countess");
}

#[tokio::test]
async fn a_refusal_of_one_contact_keeps_no_other_from_the_crm() {
    let test = start(&[]).await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    crm.faults(Faults { refusals: 3, ..Faults::default() });
    let contacts = api.create_many(12).await;
    Pushes::of(&api, test.another_instance()).push(&contacts).await;
    assert_eq!((api.links("dead").await, api.links("synced").await), (3, 9));
    assert_eq!(crm.records().await.len(), 9);
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_looked_for_before_anything_is_written_again() {
    let test = start(&[("CROSSWALK_CRM_CALL_MS", "1000"), ("CROSSWALK_CRM_RETRY_MS", "1")]).await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let pushes = Pushes::of(&api, test.another_instance());
    let contacts = api.create_many(1).await;
    crm.faults(Faults { answer_lost: 1, ..Faults::default() });
    pushes.push(&contacts).await;
    let link = api.link(&contacts[0], &crm.connection).await;
    assert_eq!((&link["state"], &link["attempts"]), (&json!("failing"), &json!(1)));
    assert_eq!(link["sending"]["version"], 1, "it may have arrived");
    pushes.push_through(&contacts[0]).await;
    assert_eq!(api.link(&contacts[0], &crm.connection).await["state"], "synced");
    assert_eq!(crm.asked("POST /contacts").await, 1);

    crm.faults(Faults { latency_ms: 3_000, ..Faults::default() });
    api.patch(&contacts[0], 1, &json!({"title": "Countess"})).await.expect(200);
    pushes.push(&contacts).await;
    let link = api.link(&contacts[0], &crm.connection).await;
    assert_eq!(link["failure"], "the CRM gave no answer in time");
    crm.faults(Faults::default());
    pushes.push_through(&contacts[0]).await;
    assert_eq!(api.link(&contacts[0], &crm.connection).await["state"], "synced");
    assert_eq!(crm.records_of(&contacts[0]).await[0]["acme_title"], "Countess");
    assert_eq!(api.get(&contacts[0]).await.expect(200).json()["version"], 2);
}

#[tokio::test]
async fn what_has_failed_for_too_long_is_given_up() {
    let settings = [
        ("CROSSWALK_CRM_GIVE_UP_SECONDS", "3600"),
        ("CROSSWALK_CRM_RETRY_MS", LONG),
        ("CROSSWALK_CRM_RETRY_MAX_MS", LONG),
    ];
    let test = start(&settings).await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let contacts = api.create_many(2).await;
    crm.stop().await;
    let push = async || Pushes::of(&api, test.another_instance()).push(&contacts).await;
    push().await;
    test.execute(&format!(
        "update links set failing_since = now() - interval '59 min' where contact_id = '{}'",
        contacts[0]
    ))
    .await;
    test.execute(&format!(
        "update links set failing_since = now() - interval '61 min' where contact_id = '{}'",
        contacts[1]
    ))
    .await;
    push().await;
    let [young, old] = [api.link(&contacts[0], &crm.connection).await, api.link(&contacts[1], &crm.connection).await];
    assert_ne!(young["state"], "dead", "{young}");
    assert!(young["retry_in"].as_f64().is_some_and(|seconds| seconds > 0.0), "{young}");
    assert_eq!((&old["state"], &old["retry_at"]), (&json!("dead"), &Value::Null));
    assert!(old["failure"].as_str().unwrap().starts_with("no login at the CRM: the CRM can't be reached"), "{old}");

    crm.start_again().await;
    api.patch(&contacts[1], 1, &json!({"title": "x"})).await.expect(200);
    let pushes = Pushes::of(&api, test.another_instance());
    for id in &contacts {
        pushes.push_through(id).await;
    }
    assert_eq!(api.links("synced").await, 2);
}

#[tokio::test]
async fn an_address_that_is_not_public_is_never_asked() {
    let test = start(&[]).await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let pushes = Pushes::of(&api, test.another_instance_with(&[("CROSSWALK_CRM_PRIVATE", "false")]));
    let contacts = api.create_many(1).await;
    // By its number, and by a name that leads to the same place over TLS.
    for url in ["", "https://localhost:1"] {
        if !url.is_empty() {
            test.execute(&format!("update connections set base_url = '{url}'")).await;
        }
        pushes.push(&contacts).await;
        let link = api.link(&contacts[0], &crm.connection).await;
        assert_eq!(link["state"], "failing");
        let reason = link["failure"].as_str().unwrap();
        assert!(reason.contains("must be a public https address") || reason.contains("not public"), "{reason}");
        test.execute("update links set retry_at = now()").await;
    }
    assert_eq!(crm.asked("POST /auth/login").await, 0);
}
