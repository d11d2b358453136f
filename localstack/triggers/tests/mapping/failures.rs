//! Functions that fail, and what becomes of the records.

use std::time::Duration;

use jiff::Timestamp;
use rdkafka::Message;
use serde_json::json;
use tokio::net::TcpListener;
use triggers::template::{Kafka, Reply};

use crate::{
    function::{Function, decoded},
    topic::{Topic, brokers, text, value},
    world::World,
};

#[tokio::test]
async fn a_batch_that_failed_comes_again_and_is_not_committed_before_it_succeeds() {
    let world = World::new(1).await;
    world.topic.put(0, "a").await;
    let running = world.run();
    for _ in 0..3 {
        let call = world.function.called().await;
        assert_eq!(call.offsets(), [0]);
        call.fail();
    }
    let call = world.function.called().await;
    assert_eq!(world.committed(0).await, None);
    call.succeed();
    world.commits(0, 1).await;
    world.end(running).await;
}

#[tokio::test]
async fn a_failure_holds_up_its_own_partition_alone() {
    let mut world = World::new(2).await;
    world.kafka.batch_size = 1;
    world.topic.put(0, "bad").await;
    let running = world.run();
    world.function.called().await.fail();
    for number in 0..3 {
        world.topic.put(1, &number.to_string()).await;
    }
    let mut done = 0;
    while done < 3 {
        let call = world.function.called().await;
        if call.records()[0]["partition"] == 0 {
            call.fail();
        } else {
            call.succeed();
            done += 1;
        }
    }
    world.commits(1, 3).await;
    assert_eq!(world.committed(0).await, None);
    world.end(running).await;
}

#[tokio::test]
async fn an_endpoint_that_is_away_is_waited_for() {
    let mut world = World::new(1).await;
    world.kafka.retries = Some(0);
    // Taken, and never listening until the function is there.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    world.function.url.set_port(Some(address.port())).unwrap();
    world.topic.put(0, "a").await;
    let running = world.run();
    assert!(world.function.rests(Duration::from_millis(500)).await);
    let listener = TcpListener::bind(address).await.unwrap();
    let function = Function::on(listener, world.function.url.clone());
    function.called().await.succeed();
    world.commits(0, 1).await;
    world.end(running).await;
}

#[tokio::test]
async fn records_below_the_lowest_that_failed_are_committed() {
    let mut world = World::new(1).await;
    world.kafka = Kafka { reply: Reply::BatchItemFailures, window: Duration::from_mins(5), ..world.kafka };
    world.kafka.batch_size = 3;
    for value in ["a", "b", "c"] {
        world.topic.put(0, value).await;
    }
    let running = world.run();
    let call = world.function.called().await;
    let failure =
        |offset: i64| json!({"itemIdentifier": {"partition": format!("{}-0", world.topic.name), "offset": offset}});
    call.answer_with(&json!({"batchItemFailures": [failure(2), failure(1)]}).to_string());
    let call = world.function.called().await;
    assert_eq!(call.offsets(), [1, 2]);
    world.commits(0, 1).await;
    call.answer_with(r#"{"batchItemFailures": []}"#);
    world.commits(0, 3).await;
    world.end(running).await;
}

#[tokio::test]
async fn what_is_given_up_goes_to_the_topic_for_failures_before_it_is_committed() {
    let failed = Topic::create(1).await;
    let mut world = World::new(1).await;
    world.kafka = Kafka {
        retries: Some(1),
        on_failure: Some(failed.name.clone()),
        window: Duration::from_mins(5),
        batch_size: 2,
        ..world.kafka
    };
    let time: Timestamp = "2026-11-23T06:00:00.25Z".parse().unwrap();
    world.topic.put_at(0, "k1", "a", time).await;
    world.topic.put_at(0, "k2", "b", time).await;
    let running = world.run();
    world.function.called().await.fail();
    let call = world.function.called().await;
    let (event, sent) = (call.event.to_string().len(), call.records().to_vec());
    call.fail();
    let messages = failed.records(0, 2).await;
    world.commits(0, 2).await;

    assert_eq!([text(messages[0].key()), text(messages[1].key())], ["k1", "k2"]);
    let mut first = value(&messages[0]);
    assert_eq!(value(&messages[1])["payload"], sent[1]);
    assert!(first["requestContext"]["requestId"].take().is_string());
    first["timestamp"].take().as_str().unwrap().parse::<Timestamp>().unwrap();
    let label = format!("{}-0", world.topic.name);
    assert_eq!(
        first,
        json!({
            "requestContext": {
                "requestId": null,
                "functionArn": "arn:aws:lambda:eu-west-1:000000000000:function:read-records",
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": 2,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": null,
            "KafkaBatchInfo": {
                "batchSize": 2,
                "eventSourceArn":
                    "arn:aws:kafka:eu-west-1:000000000000:cluster/local/00000000-0000-0000-0000-000000000000-1",
                "bootstrapServers": brokers(),
                "payloadSize": event,
                "recordsInfo": {
                    label: {
                        "firstRecordOffset": "0",
                        "lastRecordOffset": "1",
                        "firstRecordTimestamp": "2026-11-23T06:00:00.250Z",
                        "lastRecordTimestamp": "2026-11-23T06:00:00.250Z",
                    },
                },
            },
            "payload": sent[0],
        })
    );
    failed.delete().await;
    world.end(running).await;
}

#[tokio::test]
async fn a_record_too_large_for_any_invocation_goes_there_without_one() {
    let failed = Topic::create(1).await;
    let mut world = World::new(1).await;
    world.kafka.on_failure = Some(failed.name.clone());
    let large = "x".repeat(5_000_000);
    world.topic.put(0, &large).await;
    world.topic.put(0, "small").await;
    let running = world.run();
    let call = world.function.called().await;
    assert_eq!(call.offsets(), [1]);
    let message = value(&failed.records(0, 1).await[0]);
    assert_eq!(message["requestContext"]["condition"], "MaximumPayloadSizeExceeded");
    assert_eq!(message["requestContext"]["approximateInvokeCount"], 0);
    assert_eq!(message.get("responseContext"), None);
    assert_eq!(decoded(&message["payload"]["value"]), large);
    call.succeed();
    world.commits(0, 2).await;
    failed.delete().await;
    world.end(running).await;
}

#[tokio::test]
async fn nothing_is_committed_while_the_topic_for_failures_is_not_there() {
    let mut world = World::new(1).await;
    world.kafka = Kafka { retries: Some(0), on_failure: Some("test.no-such-topic".into()), ..world.kafka };
    world.topic.put(0, "a").await;
    let running = world.run();
    world.function.called().await.fail();
    assert!(world.function.rests(Duration::from_millis(500)).await, "it is given up, and not tried again");
    running.stop().await;
    assert_eq!(world.committed(0).await, None);
    let running = world.run();
    let call = world.function.called().await;
    assert_eq!(call.offsets(), [0], "it is still there");
    call.succeed();
    world.commits(0, 1).await;
    world.end(running).await;
}
