//! A function is killed in the middle of a batch: the batch comes again when there is a function again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use support::kafka::Topic;
use support::mapping::Poller;
use support::runtime_api::Function;
use support::wait::eventually;
use triggers::invoke::{Invoke, InvokeError};
use triggers::template::{self, Kafka};

const SOON: Duration = Duration::from_secs(20);
const NOTHING: [(&str, &str); 0] = [];

/// A function that stands still in its invocations while it is told so.
#[derive(Clone)]
struct Probe {
    function: Function,
    hangs: Arc<AtomicBool>,
}

impl Invoke for Probe {
    async fn invoke(&self, function: &template::Function, event: &Value) -> Result<Bytes, InvokeError> {
        let mut event = event.clone();
        event["hang"] = json!(self.hangs.load(Ordering::SeqCst));
        Invoke::invoke(&self.function, function, &event).await
    }
}

#[tokio::test]
async fn what_a_killed_function_had_under_way_comes_again() {
    let topic = Topic::create().await;
    let function = Function::start("examples/probe", NOTHING).await;
    let probe = Probe { function: function.clone(), hangs: Arc::new(AtomicBool::new(true)) };
    let group = topic.name();
    for number in 0..9 {
        topic.produce(Some(&number.to_string()), &[], b"{}").await;
    }
    let poller = Poller::start(&probe, Kafka::of(group, [topic.name()]));
    eventually("an invocation to hang", SOON, || async { function.log().contains("asked for") }).await;

    function.kill().await;
    assert_eq!(topic.committed(group).await, [None; 3], "nothing has succeeded");
    probe.hangs.store(false, Ordering::SeqCst);
    function.restart().await;
    let all = || async { topic.committed(group).await.iter().flatten().sum::<i64>() == 9 };
    eventually("all to succeed", SOON, all).await;
    poller.stop().await;
}
