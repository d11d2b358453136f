//! Kafka is away from the event source mapping: what succeeds meanwhile is committed later, and no record is lost.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use support::kafka::{self, Topic};
use support::mapping::Poller;
use support::wait::eventually;
use tokio::sync::Semaphore;
use triggers::invoke::{Invoke, InvokeError};
use triggers::template::{Function, Kafka};

const SOON: Duration = Duration::from_secs(30);

/// Remembers the records it is invoked with, and waits to be let go on.
#[derive(Clone)]
struct Recorder {
    seen: Arc<Mutex<BTreeSet<(i64, i64)>>>,
    gate: Arc<Semaphore>,
}

impl Invoke for Recorder {
    async fn invoke(&self, _: &Function, event: &Value) -> Result<Bytes, InvokeError> {
        let records = event["records"].as_object().unwrap().values().flat_map(|records| records.as_array().unwrap());
        let number = |value: &Value| value.as_i64().unwrap();
        let places = records.map(|record| (number(&record["partition"]), number(&record["offset"])));
        self.seen.lock().unwrap().extend(places);
        let _open = self.gate.acquire().await.unwrap();
        Ok(Bytes::new())
    }
}

impl Recorder {
    fn new() -> Self {
        Self { seen: Arc::default(), gate: Arc::new(Semaphore::new(50)) }
    }

    async fn has_seen(&self, count: usize) {
        let look = || async {
            let seen = self.seen.lock().unwrap().len();
            if seen == count { Ok(()) } else { Err(seen) }
        };
        eventually("the records to come", SOON, look).await;
    }
}

async fn produce(topic: &Topic, from: usize) {
    for number in from..from + 6 {
        topic.produce(Some(&number.to_string()), &[], b"{}").await;
    }
}

async fn all_committed(topic: &Topic, group: &str, count: i64) {
    let look = || async {
        let committed = topic.committed(group).await;
        if committed.iter().flatten().sum::<i64>() == count { Ok(()) } else { Err(committed) }
    };
    eventually("all to be committed", SOON, look).await;
}

#[tokio::test]
async fn what_succeeds_while_kafka_is_away_is_committed_when_it_is_back() {
    let proxy = kafka::proxy().await;
    let (topic, recorder) = (Topic::create().await, Recorder::new());
    let group = topic.name();
    let poller = Poller::start_behind_the_kafka_proxy(&recorder, Kafka::of(group, [topic.name()]));
    produce(&topic, 0).await;
    recorder.has_seen(6).await;
    all_committed(&topic, group, 6).await;

    let closed = recorder.gate.acquire_many(50).await.unwrap();
    produce(&topic, 6).await;
    recorder.has_seen(12).await;
    proxy.cut().await;
    drop(closed);
    produce(&topic, 12).await;
    assert_eq!(topic.committed(group).await.iter().flatten().sum::<i64>(), 6);

    proxy.pass().await;
    recorder.has_seen(18).await;
    all_committed(&topic, group, 18).await;
    poller.stop().await;
}

#[tokio::test]
async fn a_kafka_that_hangs_or_breaks_in_the_middle_costs_no_record() {
    let proxy = kafka::proxy().await;
    let (topic, recorder) = (Topic::create().await, Recorder::new());
    let group = topic.name();
    proxy.cut().await;
    let poller = Poller::start_behind_the_kafka_proxy(&recorder, Kafka::of(group, [topic.name()]));
    produce(&topic, 0).await;
    proxy.stall().await;
    proxy.pass().await;
    recorder.has_seen(6).await;
    for round in 1..=5 {
        produce(&topic, round * 6).await;
        proxy.reset_once().await;
    }
    recorder.has_seen(36).await;
    all_committed(&topic, group, 36).await;
    poller.stop().await;
}
