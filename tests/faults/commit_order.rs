//! Many write to few contacts: for each contact ids, versions and what is published agree.

use futures::future::join_all;
use serde_json::json;
use support::app::{Setup, ada, grace};
use support::kafka::Topic;
use support::relay::Relays;

const WRITERS: usize = 8;
const ROUNDS: usize = 15;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ids_versions_and_the_topic_agree_under_load() {
    let setup = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000");
    let test = setup.setting("CROSSWALK_DATABASE_POOL", "1").start().await;
    let (api, topic, outbox) = (test.api().await, Topic::create().await, test.outbox());
    let ids = join_all((0..3).map(|_| async { api.create(&ada()).await.expect(201).id() })).await;
    let _relay = Relays::of(&test, &topic).setting("CROSSWALK_BATCH_ROWS", "10").work().await;

    let writer = async |number: usize| {
        // An instance of its own, as each client may get on Lambda.
        let api = api.at(test.another_instance());
        for round in 0..ROUNDS {
            let id = &ids[(number + round) % ids.len()];
            let ask = api.ask("PATCH", &format!("/contacts/{id}")).header("if-match", "*");
            ask.json(&json!({"notes": format!("{number}, {round}")})).send().await.expect(200);
            api.create(&grace()).await.expect(201);
        }
    };
    join_all((0..WRITERS).map(writer)).await;

    let disorder = "select contact_id::text, id, version from \
                    (select *, row_number() over (partition by contact_id order by id) as place from contact_events) e \
                    where version <> place";
    let found = test.sql.query(disorder, &[]).await.unwrap();
    assert!(found.is_empty(), "{found:?}");
    let versions = outbox.versions().await;
    assert_eq!(versions.len(), ids.len() + WRITERS * ROUNDS);
    let changes: usize = ids.iter().map(|id| versions[id].len() - 1).sum();
    assert_eq!(changes, WRITERS * ROUNDS, "each change has its own version");
    outbox.settled().await;
    outbox.assert_published(&topic).await;
}
