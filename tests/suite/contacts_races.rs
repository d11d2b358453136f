//! Several sides change one contact at the same time.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::{Value, json};
use support::app::{Answer, Api, Setup, TestApp, grace};

const SIDES: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_eight_changes_of_one_version_exactly_one_wins_each_time() {
    const ROUNDS: usize = 50;
    let test = start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    for round in 1..=ROUNDS {
        // The version is named in turn by the header and by the body, whose refusals differ.
        let (by_header, refusal) = if round % 2 == 0 { (true, 412) } else { (false, 409) };
        let change = async |side: usize| {
            let ask = api.ask("PATCH", &format!("/contacts/{id}"));
            let title = format!("round {round}, side {side}");
            if by_header {
                ask.header("if-match", &format!("\"{round}\"")).json(&json!({"title": title})).send().await
            } else {
                ask.json(&json!({"title": title, "version": round})).send().await
            }
        };
        let answers = join_all((0..SIDES).map(change)).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(won.len(), 1, "round {round}: {answers:?}");
        assert_eq!(won[0].json()["version"], round + 1);
        for answer in lost {
            assert_eq!((answer.status, &answer.json()["currentVersion"]), (refusal, &json!(round + 1)), "{answer:?}");
        }
        assert_eq!(api.get(&id).await.expect(200).json(), won[0].json(), "the cache has what won");
    }
    assert_consistent(&test, &id, ROUNDS + 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_forced_changes_all_succeed_one_after_the_other() {
    const ROUNDS: usize = 10;
    let test = start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    for round in 0..ROUNDS {
        let force = async |side: usize| {
            let field = json!({"customFields": {format!("side {side}"): round}});
            force(&api, &id, &field).await.expect(200)
        };
        let answers = join_all((0..SIDES).map(force)).await;
        let versions: BTreeSet<_> = answers.iter().map(|answer| answer.json()["version"].as_u64().unwrap()).collect();
        let first = u64::try_from(round * SIDES).unwrap() + 2;
        assert_eq!(versions.into_iter().collect::<Vec<_>>(), (first..first + 8).collect::<Vec<_>>());
        let latest = api.get(&id).await.expect(200).json();
        assert_eq!(latest["version"], round * SIDES + SIDES + 1);
        let all_sides: Value = (0..SIDES).map(|side| (format!("side {side}"), json!(round))).collect();
        assert_eq!(latest["customFields"], all_sides, "no side's change was lost");
    }
    assert_consistent(&test, &id, ROUNDS * SIDES + 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_forced_changes_to_the_same_make_one_version() {
    let test = start().await;
    let api = test.api().await;
    let id = api.create(&grace()).await.expect(201).id();
    let answers =
        join_all((0..SIDES).map(|_| async { force(&api, &id, &json!({"title": "Rear Admiral"})).await })).await;
    for answer in answers {
        assert_eq!(answer.expect(200).json()["version"], 2);
    }
    assert_consistent(&test, &id, 2).await;
}

/// So many requests at once, and none refused for its number.
async fn start() -> TestApp {
    Setup::default().setting("CROSSWALK_RATE_LIMIT", "10000/10000").start().await
}

async fn force(api: &Api<'_>, id: &str, patch: &Value) -> Answer {
    api.ask("PATCH", &format!("/contacts/{id}")).header("if-match", "*").json(patch).send().await
}

/// One event a version, in the order of their ids, each beginning where the one before ended; and the row is the last.
async fn assert_consistent(test: &TestApp, id: &str, versions: usize) {
    let events = test.events(id).await;
    assert_eq!(events.len(), versions);
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["version"], index + 1);
        assert_eq!(event["after"]["version"], index + 1);
        let before = index.checked_sub(1).map_or(&Value::Null, |previous| &events[previous]["after"]);
        assert_eq!(&event["before"], before);
    }
    let (row, last) = (test.contact_row(id).await, &events[versions - 1]["after"]);
    assert_eq!((&row["version"], &row["custom_fields"]), (&last["version"], &last["customFields"]));
}
