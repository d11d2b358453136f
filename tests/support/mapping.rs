//! An event source mapping from topics to a function under the Runtime API, as Lambda would have it.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use triggers::invoke::{Invoke, InvokeError};
use triggers::mapping::{self, Mapping};
use triggers::origin::Origin;
use triggers::template::{self, Kafka};

use crate::runtime_api::{Function, FunctionError};
use crate::services;

/// How long a mapping may take to end: longer than it lets a function go on.
const END_LIMIT: Duration = Duration::from_secs(30);

impl Invoke for Function {
    async fn invoke(&self, _: &template::Function, event: &Value) -> Result<Bytes, InvokeError> {
        let answer = self.invoke_bytes(Bytes::from(event.to_string())).await;
        answer.map_err(|error| match error {
            FunctionError::TimedOut(limit) => InvokeError::TimedOut(limit),
            // Lambda tells the end of a process as a failure of the function.
            FunctionError::Reported { .. } | FunctionError::Exited(_) => InvokeError::Failed(error.to_string()),
        })
    }
}

/// A mapping that is being played. It ends with the test's runtime, or by [`Poller::stop`].
pub struct Poller {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Poller {
    /// Polls what `kafka` says and invokes the function with it.
    pub fn start(function: &impl Invoke, kafka: Kafka) -> Self {
        Self::start_at(&services::kafka_brokers(), function, kafka)
    }

    /// As [`Poller::start`], by the address that leads nowhere unless [`crate::kafka::proxy`] is up.
    pub fn start_behind_the_kafka_proxy(function: &impl Invoke, kafka: Kafka) -> Self {
        Self::start_at(&services::kafka_proxied_brokers(), function, kafka)
    }

    fn start_at(brokers: &str, function: &impl Invoke, kafka: Kafka) -> Self {
        let (brokers, invoker) = (brokers.to_owned(), function.clone());
        let mapping = Mapping { function: template::Function::named("function-of-the-test"), kafka };
        let origin = Origin { account: "000000000000".to_owned(), region: "us-east-1".to_owned() };
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stop = async { drop(stopped.await) };
            let outcome = mapping::run(vec![mapping], &invoker, Some(&brokers), &origin, stop).await;
            outcome.unwrap_or_else(|error| panic!("the mapping can't be played: {error}"));
        });
        Self { stop, task }
    }

    /// Asks it to end, and waits for that: what is under way may still succeed.
    ///
    /// # Panics
    ///
    /// When it does not end in time.
    pub fn stop(self) -> impl Future<Output = ()> {
        let _ = self.stop.send(());
        async {
            let ended = timeout(END_LIMIT, self.task).await;
            ended.expect("a mapping ends in time").expect("a mapping does not panic");
        }
    }
}
