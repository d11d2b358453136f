//! What is handed over, and when it counts as done.

use std::time::Duration;

use serde_json::json;
use triggers::template::{Cluster, Kafka};

use crate::{topic::brokers, world::World};

#[tokio::test]
async fn records_come_in_order_and_are_committed_when_they_have_succeeded() {
    let mut world = World::new(1).await;
    world.kafka.batch_size = 2;
    for value in ["a", "b", "c"] {
        world.topic.put(0, value).await;
    }
    let running = world.run();
    let (mut seen, mut next) = (Vec::new(), 0);
    while next < 3 {
        let call = world.function.called().await;
        assert!(call.records().len() <= 2);
        assert_eq!(world.committed(0).await.unwrap_or(0), next, "nothing before it succeeded");
        seen.extend(call.values());
        next = call.offsets().last().unwrap() + 1;
        call.succeed();
        world.commits(0, next).await;
    }
    assert_eq!(seen, ["a", "b", "c"]);
    world.end(running).await;
}

#[tokio::test]
async fn the_event_is_what_lambda_sends() {
    let world = World::new(1).await;
    world.topic.put_odd_ones().await;
    let running = world.run();
    let mut records = Vec::new();
    while records.len() < 2 {
        let call = world.function.called().await;
        let mut event = call.event.clone();
        event["records"] = json!({});
        assert_eq!(
            event,
            json!({
                "eventSource": "aws:kafka",
                "eventSourceArn":
                    "arn:aws:kafka:eu-west-1:000000000000:cluster/local/00000000-0000-0000-0000-000000000000-1",
                "bootstrapServers": brokers(),
                "records": {},
            })
        );
        assert!(call.event["records"][format!("{}-0", world.topic.name)].is_array());
        records.extend(call.records().to_vec());
        call.succeed();
    }
    assert_eq!(
        json!(records),
        json!([
            {
                "topic": world.topic.name, "partition": 0, "offset": 0, "timestamp": 1_545_084_650_987_i64,
                "timestampType": "CREATE_TIME", "key": "a/8=", "value": "dgA=",
                "headers": [{"trace": [0, 127, -128, -1]}, {"trace": [97, 103, 97, 105, 110]}, {"none": []}],
            },
            {
                "topic": world.topic.name, "partition": 0, "offset": 1, "timestamp": 1_545_084_650_987_i64,
                "timestampType": "CREATE_TIME", "headers": [],
            },
        ])
    );
    world.end(running).await;
}

#[tokio::test]
async fn a_cluster_of_ones_own_has_no_arn() {
    let mut world = World::new(1).await;
    world.kafka.cluster = Cluster::SelfManaged(None);
    world.topic.put(0, "a").await;
    let running = world.run();
    let call = world.function.called().await;
    assert_eq!(call.event["eventSource"], "SelfManagedKafka");
    assert_eq!(call.event.get("eventSourceArn"), None);
    call.succeed();
    world.end(running).await;
}

#[tokio::test]
async fn a_batch_waits_for_its_window_and_no_longer_than_until_it_is_full() {
    let mut world = World::new(1).await;
    world.kafka = Kafka { window: Duration::from_mins(5), batch_size: 3, ..world.kafka };
    let running = world.run();
    world.topic.put(0, "a").await;
    world.topic.put(0, "b").await;
    assert!(world.function.rests(Duration::from_millis(300)).await, "the window is five minutes");
    world.topic.put(0, "c").await;
    let call = world.function.called().await;
    assert_eq!(call.values(), ["a", "b", "c"]);
    call.succeed();
    world.commits(0, 3).await;
    world.end(running).await;
}

#[tokio::test]
async fn partitions_are_worked_side_by_side_and_each_has_one_batch_under_way() {
    let mut world = World::new(2).await;
    world.kafka.batch_size = 1;
    for partition in [0, 1, 0, 1] {
        world.topic.put(partition, "x").await;
    }
    let running = world.run();
    let first = world.function.called().await;
    let second = world.function.called().await;
    let of = |call: &crate::function::Call| call.records()[0]["partition"].as_i64().unwrap();
    assert_ne!(of(&first), of(&second));
    assert!(world.function.rests(Duration::from_millis(300)).await, "a second batch of a partition came too early");
    first.succeed();
    assert_eq!(world.function.called().await.offsets(), [1]);
    second.succeed();
    world.end(running).await;
}

#[tokio::test]
async fn no_more_invocations_run_at_once_than_are_reserved() {
    let world = World::new(3).await;
    for partition in 0..3 {
        world.topic.put(partition, "x").await;
    }
    let running = world.run_with(|function| function.reserved_concurrency = Some(1));
    for _ in 0..3 {
        let call = world.function.called().await;
        assert!(world.function.rests(Duration::from_millis(200)).await, "two ran at once");
        call.succeed();
    }
    for partition in 0..3 {
        world.commits(partition, 1).await;
    }
    world.end(running).await;
}

#[tokio::test]
async fn six_megabytes_are_the_most_of_a_batch() {
    let world = World::new(1).await;
    // As base64 two of them fit, and three don't.
    let large = "x".repeat(2_000_000);
    for _ in 0..3 {
        world.topic.put(0, &large).await;
    }
    let mut kafka = world.kafka.clone();
    kafka.window = Duration::from_mins(1);
    let world = World { kafka, ..world };
    let running = world.run();
    let call = world.function.called().await;
    assert_eq!(call.offsets(), [0, 1]);
    call.succeed();
    world.commits(0, 2).await;
    world.end(running).await;
}

#[tokio::test]
async fn a_long_backlog_comes_whole_and_in_order() {
    let mut world = World::new(1).await;
    world.kafka.batch_size = 7;
    let count = 500;
    let values: Vec<String> = (0..count).map(|number| number.to_string()).collect();
    for value in &values {
        world.topic.put(0, value).await;
    }
    let running = world.run();
    let mut seen = Vec::new();
    while seen.len() < count {
        let call = world.function.called().await;
        seen.extend(call.values());
        call.succeed();
    }
    assert_eq!(seen, values);
    world.commits(0, 500).await;
    world.end(running).await;
}
