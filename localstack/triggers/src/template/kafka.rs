//! `MSK` and `SelfManagedKafka` events: functions called with the records of topics.
//!
//! <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-msk.html>

use std::time::Duration;

use super::{
    error::{Result, TemplateError},
    function::missing,
    ignored::Ignored,
    node::Node,
};

/// What Lambda makes of endless retries where there is somewhere else for a batch to go.
const RETRIES_BEFORE_DESTINATION: u32 = 10;

const HONOURED: [&str; 15] = [
    "BatchSize",
    "BisectBatchOnFunctionError",
    "ConsumerGroupId",
    "DestinationConfig",
    "Enabled",
    "FunctionResponseTypes",
    "KafkaBootstrapServers",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ProvisionedPollerConfig",
    "StartingPosition",
    "StartingPositionTimestamp",
    "Stream",
    "Topics",
];

/// A Kafka event source mapping of a function.
#[derive(Clone, Debug)]
pub struct Kafka {
    /// Whose topics they are.
    pub cluster: Cluster,
    /// The topics.
    pub topics: Vec<String>,
    /// The consumer group: `ConsumerGroupId`, else the function's name and the event's logical id.
    pub group: String,
    /// False when the template switches it off.
    pub enabled: bool,
    /// Where a group that has committed nothing begins.
    pub start: StartingPosition,
    /// The most records of one invocation, 1 to 10,000; 100 by default.
    pub batch_size: usize,
    /// How long a batch waits to be filled, from its first record; half a second by default.
    pub window: Duration,
    /// What the function's answer means.
    pub reply: Reply,
    /// Tries of a batch after the first one; endless if none is given.
    pub retries: Option<u32>,
    /// A record older than this is given up.
    pub max_record_age: Option<Duration>,
    /// Whether a batch that failed is tried again in halves.
    pub bisect: bool,
    /// The topic that records are sent to when they are given up.
    pub on_failure: Option<String>,
}

/// The cluster that events name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cluster {
    /// Amazon MSK, with the ARN of the cluster if the template tells it without being deployed.
    Managed(Option<String>),
    /// Any other, with its bootstrap servers if the template tells them.
    SelfManaged(Option<String>),
}

/// Where a consumer group that has committed nothing begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartingPosition {
    /// With the oldest record.
    TrimHorizon,
    /// With the first record after the mapping's first start.
    Latest,
    /// With the first record of this time or later, in milliseconds since 1970.
    AtTimestamp(i64),
}

/// `FunctionResponseTypes`: what a mapping looks for in a function's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nothing: an invocation that succeeded did so for each record.
    Ignored,
    /// `ReportBatchItemFailures`: the records that failed.
    BatchItemFailures,
}

impl Kafka {
    /// A mapping of these topics with Lambda's defaults, from their beginning.
    pub fn of<T: Into<String>>(group: impl Into<String>, topics: impl IntoIterator<Item = T>) -> Self {
        Self {
            cluster: Cluster::Managed(None),
            topics: topics.into_iter().map(Into::into).collect(),
            group: group.into(),
            enabled: true,
            start: StartingPosition::TrimHorizon,
            batch_size: 100,
            window: Duration::from_millis(500),
            reply: Reply::Ignored,
            retries: None,
            max_record_age: None,
            bisect: false,
            on_failure: None,
        }
    }
}

pub(super) fn managed(group: String, event: &Node<'_>, ignored: &mut Ignored) -> Result<Kafka> {
    let properties = event.member("Properties").ok_or_else(|| missing(event, "Properties"))?;
    // What it is called on AWS matters only to what the function makes of it.
    let arn = properties.member("Stream").and_then(|stream| stream.text().ok());
    let arn = arn.filter(|arn| !arn.is_empty()).map(Into::into);
    read(Cluster::Managed(arn), group, &properties, ignored)
}

pub(super) fn self_managed(group: String, event: &Node<'_>, ignored: &mut Ignored) -> Result<Kafka> {
    let properties = event.member("Properties").ok_or_else(|| missing(event, "Properties"))?;
    let brokers = properties.member("KafkaBootstrapServers").and_then(|servers| list(&servers).ok());
    read(Cluster::SelfManaged(brokers.map(|brokers| brokers.join(","))), group, &properties, ignored)
}

fn read(cluster: Cluster, group: String, properties: &Node<'_>, ignored: &mut Ignored) -> Result<Kafka> {
    ignored.members_but(properties, &HONOURED)?;
    let topics = properties.member("Topics").ok_or_else(|| missing(properties, "Topics"))?;
    let group = properties.member("ConsumerGroupId").map_or(Ok(group), |id| id.text().map(Into::into))?;
    let kafka = Kafka { cluster, start: start(properties)?, ..Kafka::of(group, list(&topics)?) };
    let whole = |key: &str, allowed| properties.member(key).map(|node| node.number(allowed)).transpose();
    let kafka = Kafka {
        enabled: properties.member("Enabled").map_or(Ok(true), |enabled| enabled.flag())?,
        batch_size: whole("BatchSize", 1..=10_000)?.map_or(kafka.batch_size, |size| size as usize),
        window: whole("MaximumBatchingWindowInSeconds", 0..=300)?
            .map_or(kafka.window, |seconds| Duration::from_secs(seconds.into())),
        ..kafka
    };
    provisioned(kafka, properties, ignored)
}

/// What Lambda does only with pollers of its own for the mapping, and therefore what is done here.
fn provisioned(kafka: Kafka, properties: &Node<'_>, ignored: &mut Ignored) -> Result<Kafka> {
    let error_handling = [
        "BisectBatchOnFunctionError",
        "DestinationConfig",
        "FunctionResponseTypes",
        "MaximumRecordAgeInSeconds",
        "MaximumRetryAttempts",
    ];
    let Some(pollers) = properties.member("ProvisionedPollerConfig") else {
        for member in error_handling.iter().filter_map(|key| properties.member(key)) {
            // SAM wants the members of `DestinationConfig` chosen, not itself, so it may be there without any.
            let empty = member.members().is_ok_and(|members| members.is_empty());
            if !empty {
                ignored.without_pollers(member.at());
            }
        }
        return Ok(kafka);
    };
    ignored.members_but(&pollers, &[])?;
    let on_failure = on_failure(properties, &kafka.topics, ignored)?;
    let endless = on_failure.is_some().then_some(RETRIES_BEFORE_DESTINATION);
    Ok(Kafka {
        reply: reply(properties, ignored)?,
        retries: limit(properties, "MaximumRetryAttempts", 0..=10_000)?.or(endless),
        max_record_age: limit(properties, "MaximumRecordAgeInSeconds", 60..=604_800)?
            .map(|seconds| Duration::from_secs(seconds.into())),
        bisect: properties.member("BisectBatchOnFunctionError").map_or(Ok(false), |bisect| bisect.flag())?,
        on_failure,
        ..kafka
    })
}

/// A number, where -1 is none.
fn limit(properties: &Node<'_>, key: &str, allowed: std::ops::RangeInclusive<u32>) -> Result<Option<u32>> {
    match properties.member(key) {
        Some(node) if node.text()? != "-1" => node.number(allowed).map(Some),
        _ => Ok(None),
    }
}

fn reply(properties: &Node<'_>, ignored: &mut Ignored) -> Result<Reply> {
    let mut reply = Reply::Ignored;
    for kind in properties.member("FunctionResponseTypes").map_or(Ok(Vec::new()), |kinds| list(&kinds))? {
        if kind == "ReportBatchItemFailures" {
            reply = Reply::BatchItemFailures;
        } else {
            ignored.setting(&format!("{}.FunctionResponseTypes: {kind}", properties.at()));
        }
    }
    Ok(reply)
}

/// The topic of `kafka://topic`. Queues and the like are for AWS alone.
fn on_failure(properties: &Node<'_>, topics: &[String], ignored: &mut Ignored) -> Result<Option<String>> {
    let destination = properties
        .member("DestinationConfig")
        .and_then(|configuration| configuration.member("OnFailure"))
        .and_then(|on_failure| on_failure.member("Destination"));
    let Some(destination) = destination else {
        return Ok(None);
    };
    let text = destination.text().ok();
    let Some(topic) = text.as_deref().and_then(|text| text.strip_prefix("kafka://")) else {
        ignored.setting(destination.at());
        return Ok(None);
    };
    if topics.iter().any(|source| source == topic) {
        return Err(TemplateError::OwnDestination { at: destination.at().to_owned(), topic: topic.to_owned() });
    }
    Ok(Some(topic.to_owned()))
}

fn start(properties: &Node<'_>) -> Result<StartingPosition> {
    let Some(position) = properties.member("StartingPosition") else {
        return Ok(StartingPosition::TrimHorizon);
    };
    match &*position.text()? {
        "TRIM_HORIZON" => Ok(StartingPosition::TrimHorizon),
        "LATEST" => Ok(StartingPosition::Latest),
        "AT_TIMESTAMP" => {
            let key = "StartingPositionTimestamp";
            let time = properties.member(key).ok_or_else(|| missing(properties, key))?;
            Ok(StartingPosition::AtTimestamp(milliseconds(&time)?))
        }
        _ => Err(TemplateError::WrongForm {
            at: position.at().to_owned(),
            expected: "TRIM_HORIZON, LATEST or AT_TIMESTAMP",
        }),
    }
}

/// Seconds since 1970, perhaps with a fraction.
fn milliseconds(node: &Node<'_>) -> Result<i64> {
    let seconds: Option<f64> = node.text()?.parse().ok();
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    // Binary fractions are often a little below what they stand for.
    let rounded = time.map(|time| time.saturating_add(Duration::from_micros(500)).as_millis());
    rounded
        .and_then(|time| i64::try_from(time).ok())
        .ok_or_else(|| TemplateError::WrongForm { at: node.at().to_owned(), expected: "a time in seconds since 1970" })
}

/// A list as such, or as the text of a parameter that is one.
fn list(node: &Node<'_>) -> Result<Vec<String>> {
    match node.items() {
        Some(items) => items.iter().map(|item| item.text().map(Into::into)).collect(),
        None => Ok(node.text()?.split(',').map(|item| item.trim().to_owned()).collect()),
    }
}
