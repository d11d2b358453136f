//! The event source mapping: polls Kafka topics and calls functions with what is in them, as Lambda does.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html>
//!
//! Each mapping is a member of its consumer group. Each partition it has been given is worked by a task of its own: one
//! batch at a time, in order, again and again until it succeeded or was given up. Only then its offsets are committed, so
//! that whatever dies, no record is lost, and some may come twice.

mod assignment;
mod backlog;
mod backoff;
mod batch;
mod client;
mod destination;
mod event;
mod partition;
mod poller;
mod record;
mod reply;
mod start;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, sync::Arc};

use rdkafka::error::KafkaError;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
};
use tracing::warn;

use self::poller::Poller;
use crate::{
    invoke::Invoke,
    origin::Origin,
    template::{Cluster, Function, Kafka, Template},
};

/// The most invocations of a function at once where nothing is reserved: `cargo lambda watch` stands still when more
/// than a hundred wait for one function.
const MOST_AT_ONCE: usize = 50;

/// A function and the topics it is called for.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The function.
    pub function: Function,
    /// What it is called with.
    pub kafka: Kafka,
}

/// Why mappings can't be played at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// Nobody said where the topics are.
    #[error("{function} is called for Kafka topics; name their brokers with --brokers HOST:PORT")]
    NoBrokers {
        /// The function's name.
        function: String,
    },
    /// A client can't be made, as with an address that isn't one.
    #[error("the Kafka client of {function} can't be made")]
    NoClient {
        /// The function's name.
        function: String,
        /// What librdkafka said.
        source: KafkaError,
    },
}

impl Mapping {
    /// The mappings of a template that are enabled, in the order of the functions' names.
    pub fn all(template: &Template) -> Vec<Self> {
        let functions = template.functions().values();
        functions
            .flat_map(|function| {
                function.mappings().map(|kafka| Self { function: function.clone(), kafka: kafka.clone() })
            })
            .collect()
    }

    /// Those given here count before those of the template, which may be out of reach.
    fn brokers(&self, given: Option<&str>) -> Result<String, MappingError> {
        let own = match &self.kafka.cluster {
            Cluster::Managed(_) => None,
            Cluster::SelfManaged(brokers) => brokers.as_deref(),
        };
        let brokers = given.or(own).map(str::to_owned);
        brokers.ok_or_else(|| MappingError::NoBrokers { function: self.function.name.clone() })
    }
}

/// Plays the mappings until `stop` is ready, and then until what is under way has ended: for as long as the function's
/// time-out, and 15 s at most. What succeeded by then is committed, and the consumer groups are left.
///
/// `brokers` are the bootstrap servers, `host:port` separated by commas. Dropping the future begins nothing new either, and
/// waits for nothing.
pub async fn run<I: Invoke>(
    mappings: Vec<Mapping>,
    invoker: &I,
    brokers: Option<&str>,
    origin: &Origin,
    stop: impl Future<Output = ()>,
) -> Result<(), MappingError> {
    let (ending, ended) = watch::channel(false);
    let mut places: HashMap<String, Arc<Semaphore>> = HashMap::new();
    let mut pollers = JoinSet::new();
    for mapping in mappings {
        let name = mapping.function.name.clone();
        if mapping.function.reserved_concurrency == Some(0) {
            warn!(function = name, "its reserved concurrency is 0, so its topics aren't polled");
            continue;
        }
        let brokers = mapping.brokers(brokers)?;
        let at_once = mapping.function.reserved_concurrency.map_or(MOST_AT_ONCE, |reserved| reserved as usize);
        let places = places.entry(name.clone()).or_insert_with(|| Arc::new(Semaphore::new(at_once)));
        let poller = Poller::new(mapping, invoker.clone(), &brokers, origin, Arc::clone(places))
            .map_err(|source| MappingError::NoClient { function: name, source })?;
        pollers.spawn(poller.run(ended.clone()));
    }
    // Pollers don't end by themselves, and without one there is still somebody who says when it is over.
    stop.await;
    ending.send_replace(true);
    while pollers.join_next().await.is_some() {}
    Ok(())
}
