//! What a function gets: the records of one partition, in the form of Lambda's Kafka events.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html#msk-sample-event>

use std::fmt;

use serde_json::{Map, Value};

use crate::{origin::Origin, template::Cluster};

/// The most bytes of an event, which is what an invocation may have.
pub(super) const MOST_BYTES: usize = 6 * 1024 * 1024;

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Partition {
    pub(super) topic: String,
    pub(super) number: i32,
}

/// As events and answers write it.
impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.number)
    }
}

/// Where the records come from, as events say it.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) arn: Option<String>,
    pub(super) brokers: String,
}

impl Source {
    pub(super) fn new(cluster: &Cluster, brokers: &str, origin: &Origin) -> Self {
        let Origin { account, region } = origin;
        let arn = match cluster {
            Cluster::Managed(Some(arn)) => Some(arn.clone()),
            Cluster::Managed(None) => {
                Some(format!("arn:aws:kafka:{region}:{account}:cluster/local/00000000-0000-0000-0000-000000000000-1"))
            }
            Cluster::SelfManaged(_) => None,
        };
        Self { arn, brokers: brokers.to_owned() }
    }

    pub(super) fn event(&self, partition: &Partition, records: Vec<Value>) -> Value {
        let mut event = Map::new();
        let source = if self.arn.is_some() { "aws:kafka" } else { "SelfManagedKafka" };
        event.insert("eventSource".into(), source.into());
        if let Some(arn) = &self.arn {
            event.insert("eventSourceArn".into(), arn.as_str().into());
        }
        event.insert("bootstrapServers".into(), self.brokers.as_str().into());
        let records = Map::from_iter([(partition.to_string(), records.into())]);
        event.insert("records".into(), records.into());
        event.into()
    }

    /// The bytes of an event without its records.
    pub(super) fn frame(&self, partition: &Partition) -> usize {
        self.event(partition, Vec::new()).to_string().len()
    }
}
