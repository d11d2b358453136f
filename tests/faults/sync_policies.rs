//! Both sides change one contact at once.

use acme_crm::Faults;
use serde_json::{Value, json};
use support::app::{Api, TestApp};
use support::crm::{Crm, typed};
use support::two_way::TwoWay;

/// Who changes last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Last {
    We,
    They,
}

/// Both sides change the contact before either hears of the other. Answers the contact and the record, once at rest.
async fn clash(
    api: &Api<'_>,
    way: &mut TwoWay<'_>,
    crm: &Crm,
    last: Last,
    (ours, theirs): (&Value, &Value),
) -> (Value, Value) {
    let made = crm.create(&typed("Ada")).await;
    way.at_rest(&[crm]).await;
    let remote_id = made["id"].as_str().unwrap();
    let contact = api.ask("GET", &format!("/contacts?connection={}&remoteId={remote_id}", crm.connection)).send().await;
    let id = contact.expect(200).json()["items"][0]["id"].as_str().unwrap().to_owned();

    way.stop_polling().await;
    crm.faults(Faults { hold_webhooks: true, ..Faults::default() });
    if last == Last::We {
        crm.patch(remote_id, theirs).await;
    }
    api.patch(&id, 1, ours).await.expect(200);
    if last == Last::They {
        crm.patch(remote_id, theirs).await;
    }
    way.poll();
    crm.faults(Faults::default());
    way.at_rest(&[crm]).await;
    (api.get(&id).await.expect(200).json(), crm.record(remote_id).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_one_field_the_policy_keeps_one_and_both_sides_have_it() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let mut way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    let both = (&json!({"title": "Ours"}), &json!({"acme_title": "Theirs"}));
    let cases = [
        ("newestWins", Last::We, "Ours"),
        ("newestWins", Last::They, "Theirs"),
        ("crmWins", Last::We, "Theirs"),
        ("localWins", Last::They, "Ours"),
    ];
    for (number, (policy, last, kept)) in cases.into_iter().enumerate() {
        crm.policy(&api, policy).await;
        let (contact, record) = clash(&api, &mut way, &crm, last, both).await;
        assert_eq!((&contact["title"], &record["acme_title"]), (&json!(kept), &json!(kept)), "{policy}, {last:?}");
        assert_eq!(test.count("sync_conflicts").await, i64::try_from(number + 1).unwrap(), "{policy}, {last:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn different_fields_are_all_kept() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let mut way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    let both = (&json!({"title": "Ours"}), &json!({"acme_company": "Theirs"}));
    for policy in ["newestWins", "crmWins", "localWins"] {
        for last in [Last::We, Last::They] {
            crm.policy(&api, policy).await;
            let (contact, record) = clash(&api, &mut way, &crm, last, both).await;
            assert_eq!((&contact["title"], &contact["company"]), (&json!("Ours"), &json!("Theirs")), "{policy}");
            assert_eq!(
                (&record["acme_title"], &record["acme_company"]),
                (&json!("Ours"), &json!("Theirs")),
                "{policy}"
            );
        }
    }
    assert_eq!(test.count("sync_conflicts").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_side_deletes_and_the_other_changes() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let mut way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    for (policy, lives) in [("localWins", true), ("newestWins", true), ("crmWins", false)] {
        crm.policy(&api, policy).await;
        let made = crm.create(&typed("Ada")).await;
        way.at_rest(&[&crm]).await;
        let id = api.only_contact().await["id"].as_str().unwrap().to_owned();
        way.stop_polling().await;
        // They delete, and we, who don't know yet, change it later.
        crm.delete(made["id"].as_str().unwrap()).await;
        api.patch(&id, 1, &json!({"title": "Poet"})).await.expect(200);
        way.poll();
        way.at_rest(&[&crm]).await;
        let records = crm.records().await;
        assert_eq!(records.len(), usize::from(lives), "{policy}");
        assert_eq!(api.get(&id).await.status, if lives { 200 } else { 410 }, "{policy}");
        if lives {
            assert_eq!(records[0]["acme_title"], "Poet", "{policy}");
            api.delete(&id).await.expect(204);
            way.at_rest(&[&crm]).await;
        }
        assert_eq!(crm.records().await, Vec::<Value>::new());
    }
}
