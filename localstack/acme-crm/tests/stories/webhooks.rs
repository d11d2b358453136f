//! Webhooks that arrive.

use std::collections::HashSet;
use std::time::Duration;

use acme_crm::Settings;
use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::json;

use crate::support::{Crm, ada, id, settings};
use crate::support_receiver::{Received, Receiver};

#[tokio::test]
async fn each_change_is_told_once_signed_and_in_order() {
    let receiver = Receiver::open().await;
    let crm = Crm::telling(&receiver).await;
    let created = crm.create(&ada()).await;
    let updated = crm.patch(id(&created), &json!({"acme_title": "Countess"})).await;
    crm.delete(id(&created)).await;

    let came = receiver.received(3).await;
    assert!(came.iter().all(|webhook| webhook.signed), "{came:?}");
    let events: Vec<_> = came.iter().map(|webhook| webhook.body()["event"].clone()).collect();
    assert_eq!(events, ["contact.created", "contact.updated", "contact.deleted"]);
    assert_eq!((&came[0].body()["data"], &came[1].body()["data"]), (&created, &updated));
    assert_eq!(came[1].body()["timestamp"], updated["acme_updated_at"]);
    let deletion = came[2].body();
    assert_eq!(deletion["data"], json!({"id": created["id"], "deletedAt": deletion["timestamp"]}));
    assert!(deletion["timestamp"].as_str() > updated["acme_updated_at"].as_str());
    let ids: HashSet<_> = came.iter().map(|webhook| webhook.body()["id"].to_string()).collect();
    assert_eq!(ids.len(), 3);

    crm.settled().await;
    assert_eq!(receiver.so_far().len(), 3);
    let deliveries = crm.deliveries("").await;
    let listed: Vec<_> = deliveries.iter().map(|delivery| &delivery["event"]).collect();
    assert_eq!(listed, ["contact.deleted", "contact.updated", "contact.created"], "newest first");
    assert_eq!(deliveries[0]["body"], deletion);
    for delivery in &deliveries {
        let seen = (&delivery["state"], &delivery["attempts"], &delivery["lastStatus"], &delivery["record"]);
        assert_eq!(seen, (&json!("delivered"), &json!(1), &json!(200), &created["id"]));
    }
}

#[tokio::test]
async fn deliveries_are_listed_by_event_record_and_state() {
    let receiver = Receiver::open().await;
    let crm = Crm::telling(&receiver).await;
    let one = crm.create(&ada()).await;
    let other = crm.create(&ada()).await;
    crm.patch(id(&other), &json!({"acme_title": "Countess"})).await;
    crm.settled().await;
    let other = id(&other);
    for (query, count) in [
        ("event=contact.created".to_owned(), 2),
        (format!("record={other}"), 2),
        (format!("record={}&event=contact.updated", id(&one)), 0),
        ("state=delivered".to_owned(), 3),
        ("state=failed".to_owned(), 0),
        ("limit=2".to_owned(), 2),
    ] {
        assert_eq!(crm.deliveries(&query).await.len(), count, "{query}");
    }
    assert_eq!(crm.get("/simulator/deliveries?state=lost").await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_webhook_that_is_not_taken_comes_again_signed_anew_until_it_is() {
    let receiver = Receiver::open().await;
    let refusals = [401, 422, 500, 302].map(|status| StatusCode::from_u16(status).expect("a status"));
    receiver.answers(refusals);
    let crm = Crm::telling(&receiver).await;
    crm.create(&ada()).await;
    crm.settled().await;

    let came = receiver.so_far();
    assert_eq!(came.len(), 5);
    assert!(came.iter().all(|webhook| webhook.signed && webhook.text == came[0].text), "{came:?}");
    let times: HashSet<_> = came.iter().map(|webhook| &webhook.timestamp).collect();
    assert_eq!(times.len(), 5);
    let delivery = &crm.deliveries("").await[0];
    assert_eq!((&delivery["attempts"], &delivery["lastStatus"]), (&json!(5), &json!(200)));
}

#[tokio::test]
async fn a_contact_whose_webhook_is_refused_keeps_its_order_and_holds_up_nobody_else() {
    let receiver = Receiver::open().await;
    let crm = Crm::telling(&receiver).await;
    crm.fault(&json!({"holdWebhooks": true})).await;
    let stuck = crm.create(&ada()).await;
    for version in 2..5 {
        crm.patch(id(&stuck), &json!({"acme_notes": version.to_string()})).await;
    }
    receiver.answers([StatusCode::SERVICE_UNAVAILABLE; 3]);
    crm.no_faults();
    receiver.received(1).await;
    let other = crm.create(&ada()).await;
    crm.settled().await;

    let taken: Vec<_> = receiver.so_far().into_iter().filter(|webhook| webhook.status == StatusCode::OK).collect();
    let of = |record: &str| taken.iter().filter(|webhook| webhook.body()["data"]["id"] == record).collect::<Vec<_>>();
    assert_eq!(of(id(&stuck)).iter().map(|webhook| webhook.version()).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(of(id(&other)).len(), 1);
}

#[tokio::test]
async fn many_changes_of_many_contacts_all_arrive_once_in_the_order_of_each() {
    let receiver = Receiver::open().await;
    let crm = Crm::telling(&receiver).await;
    let contacts = join_all((0..20).map(|_| async {
        let record = crm.create(&ada()).await;
        for version in 2..6 {
            crm.patch(id(&record), &json!({"acme_notes": version.to_string()})).await;
        }
        id(&record).to_owned()
    }))
    .await;
    let came = receiver.received(100).await;
    for contact in contacts {
        let of = came.iter().filter(|webhook| webhook.body()["data"]["id"] == contact);
        assert_eq!(of.map(Received::version).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    }
    crm.settled().await;
    assert_eq!(receiver.so_far().len(), 100);
}

#[tokio::test]
async fn a_slow_receiver_gets_contacts_side_by_side() {
    let receiver = Receiver::open().await;
    let mut settings = Settings { webhook: Some(receiver.webhook()), ..settings() };
    settings.retry.answer = Duration::from_mins(1);
    let crm = Crm::with(settings).await;
    for _ in 0..8 {
        receiver.answers_late(Duration::from_mins(1));
    }
    for _ in 0..8 {
        crm.create(&ada()).await;
    }
    // None of them has its answer yet.
    assert_eq!(receiver.received(8).await.len(), 8);
    assert_eq!(crm.deliveries("state=pending").await.len(), 8);
}
