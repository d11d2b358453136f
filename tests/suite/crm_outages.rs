//! A CRM that is down or slow: it is left alone, its contacts come round again, and nobody else's wait for it.

use std::time::{Duration, Instant};

use acme_crm::Faults;
use serde_json::json;
use support::app::{Setup, TestApp};
use support::crm::Crm;
use support::pushes::Pushes;

/// Pauses are left to chance, from nothing up to their length: these are as good as always too long to be waited for.
const LONG: &str = "360000000";

const LOGIN: &str = "POST /auth/login";

async fn start(settings: &[(&str, &str)]) -> TestApp {
    let setup = Setup::default().calls_freely();
    settings.iter().fold(setup, |setup, (name, value)| setup.setting(name, value)).start().await
}

fn down() -> Faults {
    Faults { down: true, ..Faults::default() }
}

#[tokio::test]
async fn a_crm_that_is_down_is_not_asked_again_until_its_pause_is_over() {
    let test = start(&[("CROSSWALK_CRM_RETRY_MS", LONG), ("CROSSWALK_CRM_RETRY_MAX_MS", LONG)]).await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let pushes = Pushes::of(&api, test.another_instance());
    crm.faults(down());
    let contacts = api.create_many(20).await;
    pushes.push(&contacts).await;
    let asked = crm.asked(LOGIN).await;
    assert!((1..=4).contains(&asked), "{asked}");
    assert_eq!(api.links("synced").await, 0);
    assert_eq!(test.count("links where retry_at > now()").await, 20);
    let failing = api.links("failing").await;
    assert!((1..=4).contains(&failing), "{failing} had been begun");
    let reason = "links where state = 'failing' and attempts = 1 and failure like 'no login at the CRM: POST was answered with 503%'";
    assert_eq!(test.count(reason).await, failing);

    pushes.push(&contacts).await;
    pushes.push(&api.create_many(1).await).await;
    assert_eq!(crm.asked(LOGIN).await, asked, "it is left alone");
    assert_eq!(test.count("links where retry_at > now()").await, 21);

    // Another instance knows nothing of that, and asks for itself.
    crm.faults(Faults::default());
    Pushes::of(&api, test.another_instance()).push(&contacts).await;
    assert_eq!(api.links("synced").await, 20);
    assert_eq!(test.count("links where state = 'synced' and (retry_at, failure, failing_since) is null").await, 20);
}

#[tokio::test]
async fn a_crm_that_is_back_is_asked_once_its_pause_is_over() {
    let test = start(&[("CROSSWALK_CRM_RETRY_MS", "1"), ("CROSSWALK_CRM_RETRY_MAX_MS", "1")]).await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let pushes = Pushes::of(&api, test.another_instance());
    let contacts = api.create_many(1).await;
    crm.stop().await;
    for attempt in 1..=3 {
        pushes.push(&contacts).await;
        let link = api.link(&contacts[0], &crm.connection).await;
        assert_eq!((&link["state"], &link["attempts"]), (&json!("failing"), &json!(attempt)));
        assert_eq!(link["sending"], json!(null), "nothing can have arrived");
    }
    crm.start_again().await;
    pushes.push(&contacts).await;
    let link = api.link(&contacts[0], &crm.connection).await;
    assert_eq!((&link["state"], &link["attempts"], &link["pushed_version"]), (&json!("synced"), &json!(0), &json!(1)));
}

#[tokio::test]
async fn a_dead_crm_keeps_nobody_from_another_in_the_same_batch() {
    let test = start(&[]).await;
    let api = test.api().await;
    let (mut dead, alive) = (Crm::connect(&api).await, Crm::connect(&api).await);
    dead.stop().await;
    let contacts = api.create_many(10).await;
    let pushes = Pushes::of(&api, test.another_instance());
    // While there are two connections, each has a second of an invocation, which a busy machine may need for a few calls.
    for _ in 0..5 {
        pushes.push(&contacts).await;
        if alive.records().await.len() == 10 {
            break;
        }
    }
    assert_eq!(alive.records().await.len(), 10);
    for id in &contacts {
        assert_eq!(api.link(id, &alive.connection).await["state"], "synced");
        let link = api.link(id, &dead.connection).await;
        assert!(["failing", "pending"].contains(&link["state"].as_str().unwrap()), "{link}");
    }
    dead.start_again().await;
    Pushes::of(&api, test.another_instance()).push(&contacts).await;
    assert_eq!((dead.records().await.len(), api.links("synced").await), (10, 20));
}

#[tokio::test]
async fn what_a_slow_crm_leaves_no_time_for_is_due_later() {
    let test = start(&[("CROSSWALK_CRM_PUSH_MS", "1500"), ("CROSSWALK_CRM_CALLS", "2")]).await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    let contacts = api.create_many(30).await;
    // Two calls for each contact: no more than six can be done.
    crm.faults(Faults { latency_ms: 250, ..Faults::default() });
    let began = Instant::now();
    Pushes::of(&api, test.another_instance()).push(&contacts).await;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let (written, pending) = (api.links("synced").await, api.links("pending").await);
    assert!((1..=12).contains(&written), "{written}");
    assert_eq!(
        (written + pending, test.count("links where retry_at is not null and claimed_until is null").await),
        (30, pending)
    );
    assert_eq!(test.count("links where sending is not null").await, 0, "nothing is on its way");

    crm.faults(Faults::default());
    Pushes::of(&api, test.another_instance()).push(&contacts).await;
    assert_eq!((api.links("synced").await, crm.records().await.len()), (30, 30));
}

#[tokio::test]
async fn slow_crm_takes_a_second_of_an_invocation_while_another_connection_has_work() {
    let test = start(&[("CROSSWALK_CRM_CALLS", "2")]).await;
    let api = test.api().await;
    let (slow, fast) = (Crm::connect(&api).await, Crm::connect(&api).await);
    let contacts = api.create_many(12).await;
    slow.faults(Faults { latency_ms: 300, ..Faults::default() });
    let pushes = Pushes::of(&api, test.another_instance());
    let began = Instant::now();
    pushes.push(&contacts).await;
    let took = began.elapsed();
    assert!(took < Duration::from_secs(4), "a second, the calls that are running, and the rest: {took:?}");
    let written = test.count(&format!("links where connection_id = '{}' and state = 'synced'", slow.connection)).await;
    assert!((1..=6).contains(&written), "{written}");
    let of_fast = i64::try_from(fast.records().await.len()).unwrap();
    assert!(of_fast > written, "{of_fast} of the fast one, {written} of the slow one");
    let later =
        format!("links where connection_id = '{}' and retry_at is not null and claimed_until is null", slow.connection);
    assert_eq!(test.count(&later).await, 12 - written);

    // In a batch of its own too: the other connection's records may wait behind it.
    let began = Instant::now();
    pushes.push(&contacts).await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

#[tokio::test]
async fn of_two_instances_at_once_one_writes() {
    let test = start(&[]).await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    crm.faults(Faults { latency_ms: 200, ..Faults::default() });
    let contacts = api.create_many(4).await;
    let [one, other] = [(); 2].map(|()| Pushes::of(&api, test.another_instance()));
    tokio::join!(one.push(&contacts), other.push(&contacts));
    assert_eq!((crm.asked("POST /contacts").await, crm.asked("GET /contacts").await), (4, 4));
    assert_eq!((api.links("synced").await, crm.records().await.len()), (4, 4));
}

#[tokio::test]
async fn a_connection_that_is_disabled_is_written_to_no_more() {
    let test = start(&[]).await;
    let api = test.api().await;
    let crm = Crm::connect(&api).await;
    test.execute("update connections set enabled = false").await;
    let contacts = api.create_many(2).await;
    let pushes = Pushes::of(&api, test.another_instance());
    pushes.push(&contacts).await;
    assert_eq!((test.count("links").await, crm.asked(LOGIN).await), (0, 0));
    test.execute("update connections set enabled = true").await;
    pushes.push(&contacts).await;
    assert_eq!(api.links("synced").await, 2);
}
