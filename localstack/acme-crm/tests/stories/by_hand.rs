//! Events made by hand.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Crm, eventually};
use crate::support_receiver::Receiver;

async fn queue(crm: &Crm, event: &Value) -> String {
    let (status, answer) = crm.send(Method::POST, "/simulator/webhooks", event).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    answer["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn an_event_by_hand_is_sent_like_any_other() {
    let receiver = Receiver::open().await;
    receiver.answers([StatusCode::SERVICE_UNAVAILABLE]);
    let crm = Crm::telling(&receiver).await;
    let data = json!({"id": "ac_hand", "acme_version": 4});
    let id = queue(&crm, &json!({"event": "contact.renamed", "data": data})).await;
    queue(&crm, &json!({"event": "contact.updated", "data": data, "id": id, "timestamp": "2001-02-03T04:05:06Z"}))
        .await;
    crm.settled().await;

    let came = receiver.so_far();
    assert!(came.len() == 3 && came.iter().all(|webhook| webhook.signed), "{came:?}");
    let (first, last) = (came[1].body(), came[2].body());
    assert_eq!((&first["event"], &first["id"], &first["data"]), (&json!("contact.renamed"), &json!(id), &data));
    assert_eq!((&last["id"], &last["timestamp"]), (&json!(id), &json!("2001-02-03T04:05:06Z")));
    let deliveries = crm.deliveries("record=ac_hand").await;
    assert_eq!(deliveries.iter().map(|it| it["state"].clone()).collect::<Vec<_>>(), ["delivered", "delivered"]);
}

#[tokio::test]
async fn a_forged_one_is_sent_once_and_holds_nothing_up() {
    let receiver = Receiver::open().await;
    let crm = Crm::telling(&receiver).await;
    receiver.answers([StatusCode::UNAUTHORIZED; 4]);
    let forgeries = [
        json!({"signature": "sha256=00"}),
        json!({"secret": "another"}),
        json!({"signatureTimestamp": "2001-02-03T04:05:06Z"}),
        json!({"raw": "\u{0}not json"}),
    ];
    for forgery in forgeries {
        let mut event = json!({"event": "contact.updated", "data": {"id": "ac_hand"}});
        event.as_object_mut().expect("an object").extend(forgery.as_object().expect("an object").clone());
        queue(&crm, &event).await;
    }
    crm.settled().await;
    let came = receiver.so_far();
    assert_eq!(came.len(), 4);
    let raw: Vec<_> = came.iter().filter(|webhook| webhook.text == "\u{0}not json").collect();
    assert!(raw.len() == 1 && raw[0].signed, "a raw body is signed as any other");
    assert_eq!(came.iter().filter(|webhook| webhook.signed).count(), 1);
    assert_eq!(crm.deliveries("state=failed").await.len(), 4);
}

#[tokio::test]
async fn one_that_is_waited_for_tells_what_the_receiver_said() {
    let receiver = Receiver::open().await;
    let crm = Crm::telling(&receiver).await;
    crm.fault(&json!({"holdWebhooks": true})).await;
    receiver.answers([StatusCode::IM_A_TEAPOT]);
    let event = json!({"event": "contact.updated", "data": {}, "secret": "another"});
    let (status, answer) = crm.send(Method::POST, "/simulator/webhooks?wait=true", &event).await;
    assert_eq!((status, answer), (StatusCode::OK, json!({"status": 418, "body": {"signed": false}})));
    assert_eq!((receiver.so_far().len(), crm.deliveries("").await.len()), (1, 0), "it was never queued");

    drop(receiver);
    eventually("the receiver is gone", async || {
        let (_, answer) = crm.send(Method::POST, "/simulator/webhooks?wait=true", &event).await;
        answer["status"].is_null() && answer["error"].is_string()
    })
    .await;
}

#[tokio::test]
async fn an_incomplete_one_is_refused() {
    let crm = Crm::alone().await;
    let event = json!({"event": "contact.updated", "data": {}});
    let (status, answer) = crm.send(Method::POST, "/simulator/webhooks", &event).await;
    assert_eq!((status, &answer["error"]), (StatusCode::CONFLICT, &json!("conflict")), "there is nobody to send it to");

    let receiver = Receiver::open().await;
    crm.running.set_webhook(receiver.webhook());
    for odd in [json!({}), json!({"event": "x"}), json!({"data": {}}), json!({"event": "x", "data": {}, "more": 1})] {
        let (status, _) = crm.send(Method::POST, "/simulator/webhooks", &odd).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{odd}");
    }
    assert!(receiver.so_far().is_empty());
}
