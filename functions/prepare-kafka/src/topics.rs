//! The topics.

use crosswalk::{Error, Result};
use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::metadata_response::MetadataResponseBroker;
use kafka_protocol::messages::{CreateTopicsRequest, MetadataRequest};
use kafka_protocol::protocol::StrBytes;

use crate::settings::Settings;
use crate::wire::Broker;

/// So many functions may work a topic at once. It can be raised later; then the keys go to other partitions, and what is on
/// its way should be worked first.
const PARTITIONS: i32 = 6;

/// As many as the cluster's own default says.
const REPLICATION: i16 = -1;

/// A value of 2 MiB, and room for its key, headers and batch: the relay's producer is set alike.
const LARGEST_RECORD: &str = "2200000";

/// Of the requests: what Kafka 2.4 and everything after it takes.
const METADATA: i16 = 9;
const CREATE_TOPICS: i16 = 5;

/// How long the cluster may take, in milliseconds.
const PATIENCE: i32 = 20_000;

/// Makes those that are not there. What is there stays as it is.
pub async fn make(settings: &Settings, brokers: &str) -> Result<()> {
    let mut controller = controller(settings, brokers).await?;
    let topics = settings.topics.iter().map(|name| topic(name)).collect();
    let request = CreateTopicsRequest::default().with_topics(topics).with_timeout_ms(PATIENCE);
    for topic in controller.ask(CREATE_TOPICS, &request).await?.topics {
        let (name, message) = (topic.name.0, topic.error_message.unwrap_or_default());
        match ResponseError::try_from_code(topic.error_code) {
            None => tracing::info!(topic = %name, "topic made"),
            Some(ResponseError::TopicAlreadyExists) => {}
            Some(error) if passes(error) => {
                return Err(Error::unavailable("Kafka", format!("{name}: {error:?} {message}")));
            }
            Some(error) => return Err(Error::internal("make a topic", format!("{name}: {error:?} {message}"))),
        }
    }
    Ok(())
}

/// Whether the same request may succeed later. A permission is not in force everywhere as soon as it is given.
fn passes(error: ResponseError) -> bool {
    use ResponseError::{BrokerNotAvailable, ClusterAuthorizationFailed, NotController, TopicAuthorizationFailed};
    error.is_retriable()
        || matches!(error, BrokerNotAvailable | ClusterAuthorizationFailed | NotController | TopicAuthorizationFailed)
}

/// The broker that makes topics. Some clusters take it from any, and name none.
async fn controller(settings: &Settings, brokers: &str) -> Result<Broker> {
    let mut first = Broker::any_of(brokers, settings.auth).await?;
    let nothing = MetadataRequest::default().with_topics(Some(Vec::new())).with_allow_auto_topic_creation(false);
    let cluster = first.ask(METADATA, &nothing).await?;
    match cluster.brokers.iter().find(|broker| broker.node_id == cluster.controller_id) {
        Some(MetadataResponseBroker { host, port, .. }) => {
            Broker::any_of(&format!("{host}:{port}"), settings.auth).await
        }
        None => Ok(first),
    }
}

fn topic(name: &str) -> CreatableTopic {
    let largest = CreatableTopicConfig::default()
        .with_name(StrBytes::from_static_str("max.message.bytes"))
        .with_value(Some(StrBytes::from_static_str(LARGEST_RECORD)));
    CreatableTopic::default()
        .with_name(text(name).into())
        .with_num_partitions(PARTITIONS)
        .with_replication_factor(REPLICATION)
        .with_configs(vec![largest])
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}
