//! One record from several sides at once.

use futures::future::join_all;
use serde_json::json;
use support::app::{Setup, ada};
use support::remote::{Remote, record};

const SIDES: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_record_from_eight_sides_is_one_contact_and_one_link() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000").start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_one").await;
    for round in 1..=10 {
        let id = format!("record-{round}");
        let record = record(&id);
        let answers = join_all((0..SIDES).map(|_| crm.put(&id, &record))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:?}");
        assert!(answers.iter().all(|answer| answer.id() == answers[0].id()));
        assert_eq!((test.count("contacts").await, test.count("links").await), (round, round));
        assert_eq!(test.events(&answers[0].id()).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_records_that_name_one_contact_never_share_it() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000").start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_one").await;
    for round in 0..10 {
        let ours = api.create(&ada()).await.expect(201).id();
        let naming = |side: usize| {
            let id = format!("{round}-{side}");
            let mut record = record(&id);
            record["acme_external_id"] = json!(ours);
            (id, record)
        };
        let records: Vec<_> = (0..SIDES).map(naming).collect();
        let answers = join_all(records.iter().map(|(id, record)| crm.put(id, record))).await;
        let linked = answers.iter().filter(|answer| answer.id() == ours).count();
        assert_eq!(linked, 1, "{answers:?}");
        assert!(answers.iter().all(|answer| answer.status == 200 || answer.status == 201));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_and_changes_of_ours_take_turns() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000").start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_one").await;
    let id = crm.put("7", &record("7")).await.expect(201).id();
    let theirs = async {
        for n in 0..20 {
            let mut record = record("7");
            record["acme_notes"] = json!(format!("theirs {n}"));
            record["acme_updated_at"] = json!(jiff::Timestamp::now().to_string());
            crm.put("7", &record).await.expect(200);
        }
    };
    let ours = async {
        for n in 0..20 {
            let ask = api.ask("PATCH", &format!("/contacts/{id}")).header("if-match", "*");
            ask.json(&json!({"title": format!("ours {n}")})).send().await.expect(200);
        }
    };
    tokio::join!(theirs, ours);
    let contact = api.get(&id).await.expect(200).json();
    assert_eq!((&contact["title"], &contact["notes"]), (&json!("ours 19"), &json!("theirs 19")));
    let versions: Vec<_> = test.events(&id).await.iter().map(|event| event["version"].as_u64().unwrap()).collect();
    assert_eq!(versions, (1..=contact["version"].as_u64().unwrap()).collect::<Vec<_>>());
}
