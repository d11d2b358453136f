//! A topic per test, on the real broker and through the proxy before it.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use serde_json::json;
use support::kafka::{self, Topic};
use support::services;

#[tokio::test]
async fn what_was_produced_is_read_back_key_by_key_in_order() {
    let topic = Topic::create().await;
    assert_eq!(topic.records().await, []);
    for number in 0..5 {
        let value = json!({"number": number}).to_string();
        topic.produce(Some("ada"), &[("ce_id", "1")], value.as_bytes()).await;
    }
    topic.produce(Some("grace"), &[], b"null").await;
    let records = topic.records().await;
    assert_eq!(records.len(), 6);
    let ada: Vec<_> = records.iter().filter(|record| record.key.as_deref() == Some("ada")).collect();
    let numbers: Vec<_> = ada.iter().map(|record| record.value["number"].as_i64()).collect();
    assert_eq!(numbers, [Some(0), Some(1), Some(2), Some(3), Some(4)]);
    assert_eq!(ada[0].headers["ce_id"], "1");
}

#[tokio::test]
async fn a_cut_proxy_keeps_a_producer_from_the_broker_and_nobody_else() {
    let topic = Topic::create().await;
    let proxy = kafka::proxy().await;
    let producer: FutureProducer = ClientConfig::new()
        .set("bootstrap.servers", services::kafka_proxied_brokers())
        .set("message.timeout.ms", "1500")
        .set("reconnect.backoff.max.ms", "100")
        .create()
        .unwrap();
    let send = || producer.send(FutureRecord::to(topic.name()).key("a").payload("1"), Duration::ZERO);
    send().await.expect("the way is open");
    proxy.cut().await;
    send().await.expect_err("the way is closed");
    topic.produce(Some("b"), &[], b"2").await;
    proxy.pass().await;
    send().await.expect("the way is open again");
    assert_eq!(topic.records().await.len(), 3);
}
