//! Webhooks that do not arrive at first, or at all.

use std::time::Duration;

use acme_crm::{Retry, Settings};
use reqwest::StatusCode;
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::{Crm, ada, eventually, id, settings, webhook};
use crate::support_receiver::{Received, Receiver};

#[tokio::test]
async fn a_crm_that_was_killed_sends_afterwards_what_was_pending() {
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        webhook(&format!("http://{}/hook", listener.local_addr().expect("its address")))
    };
    let slow = Retry { first: Duration::from_mins(10), most: Duration::from_mins(10), ..Retry::default() };
    let mut crm = Crm::with(Settings { webhook: Some(nobody), retry: slow, ..settings() }).await;
    let record = crm.create(&ada()).await;
    crm.patch(id(&record), &json!({"acme_title": "Countess"})).await;
    eventually("an attempt was made", async || crm.deliveries("").await[1]["attempts"] == 1).await;
    assert_eq!(crm.deliveries("state=pending").await[1]["lastStatus"], json!(null));

    let receiver = Receiver::open().await;
    crm.settings.webhook = Some(receiver.webhook());
    let crm = crm.restarted().await;
    crm.settled().await;
    let came = receiver.so_far();
    assert_eq!(came.iter().map(Received::version).collect::<Vec<_>>(), [1, 2]);
    assert!(crm.deliveries("state=delivered").await[1]["attempts"].as_u64() >= Some(2), "attempts are counted on");
}

#[tokio::test]
async fn one_that_is_never_taken_fails_in_the_end_and_the_next_goes_on() {
    let receiver = Receiver::open().await;
    let mut settings = Settings { webhook: Some(receiver.webhook()), ..settings() };
    settings.retry.tries = 3;
    let crm = Crm::with(settings).await;
    receiver.answers([StatusCode::BAD_GATEWAY; 3]);
    let record = crm.create(&ada()).await;
    crm.patch(id(&record), &json!({"acme_title": "Countess"})).await;
    crm.settled().await;
    assert_eq!(receiver.so_far().len(), 4);
    let failed = crm.deliveries("state=failed").await;
    assert_eq!((failed.len(), &failed[0]["attempts"], &failed[0]["lastStatus"]), (1, &json!(3), &json!(502)));
    assert_eq!(crm.deliveries("state=delivered").await[0]["event"], "contact.updated");
}

#[tokio::test]
async fn no_answer_in_time_is_no_answer() {
    let receiver = Receiver::open().await;
    let mut settings = Settings { webhook: Some(receiver.webhook()), ..settings() };
    settings.retry.answer = Duration::from_millis(100);
    let crm = Crm::with(settings).await;
    receiver.answers_late(Duration::from_mins(1));
    crm.create(&ada()).await;
    crm.settled().await;
    assert!(receiver.so_far().len() >= 2);
    assert_eq!(crm.deliveries("").await[0]["state"], "delivered");
}

#[tokio::test]
async fn a_crm_that_has_nobody_to_tell_keeps_nothing_for_later() {
    let crm = Crm::alone().await;
    let record = crm.create(&ada()).await;
    assert!(crm.deliveries("").await.is_empty());
    let receiver = Receiver::open().await;
    crm.running.set_webhook(receiver.webhook());
    crm.patch(id(&record), &json!({"acme_title": "Countess"})).await;
    crm.settled().await;
    assert_eq!(receiver.so_far().iter().map(Received::event).collect::<Vec<_>>(), ["contact.updated"]);
}

#[tokio::test]
async fn a_crm_that_stops_finishes_what_it_answers() {
    let crm = Crm::alone().await;
    crm.fault(&json!({"latencyMs": 300})).await;
    let request = crm.request(reqwest::Method::POST, "/contacts").json(&ada());
    let under_way = tokio::spawn(request.send());
    eventually("the request has come", async || crm.get("/simulator/requests").await.1["POST /contacts"] == 1).await;
    let Crm { running, .. } = crm;
    running.stop().await;
    let answer = under_way.await.expect("no panic").expect("an answer");
    assert_eq!(answer.status(), StatusCode::CREATED);
}
