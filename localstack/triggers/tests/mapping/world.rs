//! A mapping from a topic to a function, and its end.

use tokio::{sync::oneshot, task::JoinHandle, time::timeout};
use triggers::{
    invoke::Invoker,
    mapping::{self, Mapping},
    origin::Origin,
    template::{self, Kafka},
};
use uuid::Uuid;

use crate::{
    function::Function,
    topic::{PATIENCE, Topic, brokers},
};

/// A mapping that is being played.
pub struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// A topic, a function, and how the one is mapped to the other.
pub struct World {
    pub topic: Topic,
    pub function: Function,
    pub kafka: Kafka,
}

impl World {
    /// A topic with so many partitions and a group of its own. Batches don't wait to be filled.
    pub async fn new(partitions: i32) -> Self {
        let topic = Topic::create(partitions).await;
        let kafka = Kafka::of(format!("test.{}", Uuid::new_v4()), [&topic.name]);
        Self { kafka: Kafka { window: std::time::Duration::ZERO, ..kafka }, topic, function: Function::start().await }
    }

    pub fn run(&self) -> Running {
        self.run_with(|_| {})
    }

    /// As [`World::run`], with other limits of the function.
    pub fn run_with(&self, change: impl FnOnce(&mut template::Function)) -> Running {
        let mut function = template::Function::named("read-records");
        change(&mut function);
        let mapping = Mapping { function, kafka: self.kafka.clone() };
        let invoker = Invoker::new(self.function.url.clone()).unwrap();
        let origin = Origin { account: "000000000000".into(), region: "eu-west-1".into() };
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stop = async { drop(stopped.await) };
            mapping::run(vec![mapping], &invoker, Some(&brokers()), &origin, stop).await.unwrap();
        });
        Running { stop, task }
    }

    pub fn group(&self) -> &str {
        &self.kafka.group
    }

    /// Waits until the group has committed this offset for a partition.
    pub async fn commits(&self, partition: i32, offset: i64) {
        self.topic.commits(self.group(), partition, offset).await;
    }

    pub async fn committed(&self, partition: i32) -> Option<i64> {
        self.topic.committed(self.group(), partition).await
    }

    /// The end of the test.
    pub async fn end(self, running: Running) {
        // What it hasn't answered fails, so that nothing is waited for.
        drop(self.function);
        running.stop().await;
        self.topic.delete().await;
    }
}

impl Running {
    /// Asks for the end and waits for it.
    pub async fn stop(self) {
        self.ask_to_stop().await;
    }

    /// Asks for the end, and gives what waits for it.
    pub fn ask_to_stop(self) -> impl Future<Output = ()> {
        let _ = self.stop.send(());
        async { timeout(PATIENCE, self.task).await.expect("an end in time").unwrap() }
    }
}
