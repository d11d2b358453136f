//! Each fault.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Crm, ada, ada_with, eventually, id};
use crate::support_receiver::{Received, Receiver};

#[tokio::test]
async fn faults_are_replaced_as_a_whole_and_what_makes_no_sense_is_refused() {
    let crm = Crm::alone().await;
    let (_, none) = crm.get("/simulator/faults").await;
    crm.fault(&json!({"down": true})).await;
    crm.fault(&json!({"latencyMs": 1})).await;
    let (_, faults) = crm.get("/simulator/faults").await;
    assert_eq!((&faults["down"], &faults["latencyMs"]), (&json!(false), &json!(1)));
    for odd in
        [json!({"errorRate": 1.5}), json!({"duplicates": -1}), json!({"slow": 1}), json!({"down": "yes"}), json!([])]
    {
        let (status, answer) = crm.send(Method::PUT, "/simulator/faults", &odd).await;
        assert_eq!(
            (status, &answer["error"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("validation_failed")),
            "{odd}"
        );
    }
    assert_eq!(crm.get("/simulator/faults").await.1, faults);
    crm.fault(&json!({})).await;
    assert_eq!(crm.get("/simulator/faults").await.1, none);
}

#[tokio::test]
async fn latency_makes_it_slow() {
    let crm = Crm::alone().await;
    crm.fault(&json!({"latencyMs": 200})).await;
    let began = Instant::now();
    crm.create(&ada()).await;
    assert!(began.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn errors_come_before_the_work() {
    let crm = Crm::alone().await;
    crm.fault(&json!({"errorRate": 1})).await;
    assert_eq!(crm.send(Method::POST, "/contacts", &ada()).await.0, StatusCode::INTERNAL_SERVER_ERROR);
    crm.fault(&json!({"errorRate": 0.5})).await;
    let mut created = 0;
    for _ in 0..40 {
        if crm.send(Method::POST, "/contacts", &ada()).await.0 == StatusCode::CREATED {
            created += 1;
        }
    }
    assert!((1..40).contains(&created), "{created} of 40 were created");
    assert_eq!(crm.count().await, created);
}

#[tokio::test]
async fn too_many_and_refusals_are_counted_down() {
    let crm = Crm::alone().await;
    crm.fault(&json!({"tooMany": 2, "retryAfterSeconds": 7, "refusals": 1})).await;
    for _ in 0..2 {
        let answer = crm.request(Method::GET, "/contacts").send().await.expect("an answer");
        assert_eq!(
            (answer.status(), &answer.headers()["retry-after"]),
            (StatusCode::TOO_MANY_REQUESTS, &"7".parse().expect("one"))
        );
    }
    assert_eq!(crm.get("/contacts").await.0, StatusCode::OK, "a refusal is for writes");
    assert_eq!(crm.send(Method::POST, "/contacts", &ada()).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    crm.create(&ada()).await;
    let (_, faults) = crm.get("/simulator/faults").await;
    assert_eq!((&faults["tooMany"], &faults["refusals"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn an_answer_is_lost_but_the_work_is_done_and_told() {
    let receiver = Receiver::open().await;
    let crm = Crm::telling(&receiver).await;
    crm.fault(&json!({"answerLost": 2})).await;
    let lost = async |method, path: &str, body: &Value| {
        crm.request(method, path).json(body).send().await.expect_err("no answer");
    };
    assert_eq!(crm.send(Method::POST, "/contacts", &json!({})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    lost(Method::POST, "/contacts", &ada_with(json!({"acme_external_id": "ours"}))).await;
    let (_, found) = crm.get("/contacts?external_id=ours").await;
    let record = &found["items"][0];
    lost(Method::PATCH, &format!("/contacts/{}", id(record)), &json!({"acme_title": "Countess"})).await;
    crm.delete(id(record)).await;
    let events: Vec<_> = receiver.received(3).await.iter().map(Received::event).collect();
    assert_eq!(events, ["contact.created", "contact.updated", "contact.deleted"]);
}

#[tokio::test]
async fn a_normalising_crm_answers_and_tells_its_own_form() {
    let receiver = Receiver::open().await;
    let crm = Crm::telling(&receiver).await;
    crm.fault(&json!({"normalise": true})).await;
    let record = crm.create(&ada_with(json!({"acme_first_name": " ada  augusta", "acme_phone": "+14155552671"}))).await;
    assert_eq!((&record["acme_first_name"], &record["acme_phone"]), (&json!("Ada augusta"), &json!("(415) 555-2671")));
    let again = crm.patch(id(&record), &json!({"acme_phone": "415-555-2671"})).await;
    assert_eq!(again, record, "in its own form it is the same");
    crm.settled().await;
    assert_eq!(receiver.so_far().iter().map(|webhook| webhook.body()["data"].clone()).collect::<Vec<_>>(), [record]);
}

#[tokio::test]
async fn duplicates_are_the_same_event_twice() {
    let receiver = Receiver::open().await;
    let crm = Crm::telling(&receiver).await;
    crm.fault(&json!({"duplicates": 1})).await;
    crm.create(&ada()).await;
    crm.settled().await;
    let came = receiver.so_far();
    assert_eq!(came.len(), 2);
    assert_eq!(came[0].text, came[1].text);
    assert!(came[1].signed && came[0].timestamp != came[1].timestamp);
}

#[tokio::test]
async fn disorder_loses_nothing_but_the_order() {
    let receiver = Receiver::open().await;
    let crm = Crm::telling(&receiver).await;
    crm.fault(&json!({"reordering": true})).await;
    let record = crm.create(&ada()).await;
    for version in 2..21 {
        crm.patch(id(&record), &json!({"acme_notes": version.to_string()})).await;
    }
    let versions: Vec<_> = receiver.received(20).await.iter().map(Received::version).collect();
    assert!(!versions.is_sorted(), "{versions:?}");
    assert_eq!(versions.iter().copied().collect::<HashSet<_>>(), (1..21).collect());
    crm.settled().await;
    assert_eq!(receiver.so_far().len(), 20);
}

#[tokio::test]
async fn a_crm_that_is_down_answers_503_and_holds_its_webhooks_back() {
    let receiver = Receiver::open().await;
    let crm = Crm::telling(&receiver).await;
    crm.fault(&json!({"holdWebhooks": true})).await;
    let record = crm.create(&ada()).await;
    crm.fault(&json!({"down": true, "latencyMs": 60_000})).await;
    assert_eq!(crm.get("/contacts").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(crm.login("crosswalk", "crosswalk").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(crm.get("/health").await.0, StatusCode::OK);
    let pending = crm.deliveries("state=pending").await;
    assert_eq!((pending.len(), &pending[0]["attempts"], receiver.so_far().len()), (1, &json!(0), 0));
    crm.no_faults();
    assert_eq!(receiver.received(1).await[0].body()["data"], record);
}

#[tokio::test]
async fn an_answer_can_wait_for_its_webhook() {
    let receiver = Receiver::open().await;
    let crm = Crm::telling(&receiver).await;
    crm.fault(&json!({"webhookFirst": true})).await;
    receiver.answers([StatusCode::SERVICE_UNAVAILABLE]);
    let record = crm.create(&ada()).await;
    assert_eq!(crm.deliveries("").await[0]["state"], "delivered");
    crm.delete(id(&record)).await;
    assert_eq!(receiver.so_far().len(), 3);

    // One that never comes is not waited for for ever.
    crm.fault(&json!({"webhookFirst": true, "holdWebhooks": true})).await;
    let began = Instant::now();
    crm.create(&ada()).await;
    assert!(began.elapsed() >= Duration::from_secs(3));
}

#[tokio::test]
async fn clearing_leaves_nothing_but_the_tokens() {
    let receiver = Receiver::open().await;
    let crm = Crm::telling(&receiver).await;
    let record = crm.create(&ada_with(json!({"acme_external_id": "ours"}))).await;
    crm.settled().await;
    crm.fault(&json!({"holdWebhooks": true})).await;
    crm.patch(id(&record), &json!({"acme_title": "Countess"})).await;
    let (status, _) = crm.send(Method::DELETE, "/simulator", &Value::Null).await;
    assert_eq!(status, StatusCode::NO_CONTENT);

    assert_eq!(crm.get("/simulator/requests").await.1, json!({}));
    assert_eq!(crm.get("/simulator/faults").await.1["holdWebhooks"], json!(false));
    assert_eq!((crm.count().await, crm.deliveries("").await.len()), (0, 0));
    assert_eq!(crm.get("/contacts?external_id=ours").await.1["items"], json!([]));
    crm.create(&ada()).await;
    eventually("the new contact is told", async || receiver.so_far().len() == 2).await;
    crm.settled().await;
    let events: Vec<_> = receiver.so_far().iter().map(Received::event).collect();
    assert_eq!(events, ["contact.created", "contact.created"], "what was pending is not");
}

#[tokio::test]
async fn what_is_cleared_while_it_is_sent_does_not_come_back() {
    let receiver = Receiver::open().await;
    let crm = Crm::telling(&receiver).await;
    receiver.answers_late(Duration::from_millis(200));
    crm.create(&ada()).await;
    receiver.received(1).await;
    crm.send(Method::DELETE, "/simulator", &Value::Null).await;
    // Its answer comes later than the other's, so that one is over as well.
    receiver.answers_late(Duration::from_millis(400));
    let record = crm.create(&ada()).await;
    crm.settled().await;
    let deliveries = crm.deliveries("").await;
    assert_eq!((deliveries.len(), &deliveries[0]["record"]), (1, &record["id"]));
}

#[tokio::test]
async fn requests_are_counted_by_route() {
    let crm = Crm::alone().await;
    let record = crm.create(&ada()).await;
    for _ in 0..2 {
        crm.get(&format!("/contacts/{}", id(&record))).await;
    }
    crm.delete(id(&record)).await;
    let counts = crm.get("/simulator/requests").await.1;
    let expected =
        json!({"POST /auth/login": 1, "POST /contacts": 1, "GET /contacts/{id}": 2, "DELETE /contacts/{id}": 1});
    assert_eq!(counts, expected);
}
