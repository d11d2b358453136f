//! Events that bring the records of topics.

use std::time::Duration;

use super::{event, fault, parse, work};
use crate::template::{Cluster, Kafka, Reply, StartingPosition, Template};

const AT: &str = "Resources.Work.Properties.Events.It.Properties";

fn kafka(template: &Template) -> &Kafka {
    template.functions()["work"].mappings().next().expect("a mapping")
}

fn read(properties: &str) -> Kafka {
    let template = parse(&event("MSK", properties)).expect("a template");
    assert_eq!(template.ignored(), [""; 0]);
    kafka(&template).clone()
}

fn ignored(properties: &str) -> Vec<String> {
    parse(&event("MSK", properties)).expect("a template").ignored().to_vec()
}

#[test]
fn a_mapping_has_lambdas_defaults() {
    let kafka = read("Stream: 'arn:aws:kafka:x', Topics: [contacts], StartingPosition: TRIM_HORIZON");
    assert_eq!(kafka.cluster, Cluster::Managed(Some("arn:aws:kafka:x".into())));
    assert_eq!(kafka.topics, ["contacts"]);
    assert_eq!(kafka.group, "work-It");
    assert_eq!(kafka.start, StartingPosition::TrimHorizon);
    assert_eq!((kafka.batch_size, kafka.window), (100, Duration::from_millis(500)));
    assert_eq!((kafka.reply, kafka.bisect), (Reply::Ignored, false));
    assert_eq!((kafka.retries, kafka.max_record_age, kafka.on_failure), (None, None, None));
}

#[test]
fn what_the_template_says_goes_before_the_defaults() {
    let kafka = read(
        "Topics: [a, b], ConsumerGroupId: readers, BatchSize: 500, MaximumBatchingWindowInSeconds: 0, \
         StartingPosition: AT_TIMESTAMP, StartingPositionTimestamp: 1545084650.987",
    );
    assert_eq!(kafka.topics, ["a", "b"]);
    assert_eq!(kafka.group, "readers");
    assert_eq!((kafka.batch_size, kafka.window), (500, Duration::ZERO));
    assert_eq!(kafka.start, StartingPosition::AtTimestamp(1_545_084_650_987));
    assert_eq!(read("Topics: [a], StartingPosition: LATEST").start, StartingPosition::Latest);
}

#[test]
fn topics_may_be_a_parameter_and_the_cluster_unknown() {
    let source = "Parameters: {Names: {Type: CommaDelimitedList, Default: 'a, b'}, Cluster: {Type: String}}\n"
        .to_owned()
        + &event("MSK", "Topics: !Ref Names, Stream: !Ref Cluster");
    let template = parse(&source).expect("a template");
    assert_eq!(kafka(&template).topics, ["a", "b"]);
    assert_eq!(kafka(&template).cluster, Cluster::Managed(None));
}

#[test]
fn a_cluster_of_ones_own_names_its_brokers() {
    let template = parse(&event("SelfManagedKafka", "Topics: [a], KafkaBootstrapServers: ['x:9092', 'y:9092']"));
    assert_eq!(kafka(&template.expect("a template")).cluster, Cluster::SelfManaged(Some("x:9092,y:9092".into())));
    let template = parse(&event("SelfManagedKafka", "Topics: [a], KafkaBootstrapServers: [!GetAtt A.B]"));
    assert_eq!(kafka(&template.expect("a template")).cluster, Cluster::SelfManaged(None));
}

#[test]
fn a_mapping_switched_off_does_not_count() {
    let template = parse(&event("MSK", "Topics: [a], Enabled: false")).expect("a template");
    assert_eq!(template.functions()["work"].mappings().count(), 0);
}

const ERROR_HANDLING: &str = "Topics: [a], FunctionResponseTypes: [ReportBatchItemFailures], \
    MaximumRetryAttempts: 3, MaximumRecordAgeInSeconds: 60, BisectBatchOnFunctionError: true, \
    DestinationConfig: {OnFailure: {Destination: 'kafka://failed'}}";

#[test]
fn with_pollers_of_its_own_a_mapping_handles_errors() {
    let kafka = read(&format!("{ERROR_HANDLING}, ProvisionedPollerConfig: {{}}"));
    assert_eq!((kafka.reply, kafka.bisect), (Reply::BatchItemFailures, true));
    assert_eq!((kafka.retries, kafka.max_record_age), (Some(3), Some(Duration::from_mins(1))));
    assert_eq!(kafka.on_failure.as_deref(), Some("failed"));
}

#[test]
fn without_them_it_does_not_and_says_so() {
    let settings = ["BisectBatchOnFunctionError", "DestinationConfig", "FunctionResponseTypes"];
    let more = ["MaximumRecordAgeInSeconds", "MaximumRetryAttempts"];
    let sentences: Vec<String> = settings
        .iter()
        .chain(&more)
        .map(|key| format!("{AT}.{key} takes effect on AWS only with ProvisionedPollerConfig, so it has none here"))
        .collect();
    assert_eq!(ignored(ERROR_HANDLING), sentences);
    let template = parse(&event("MSK", ERROR_HANDLING)).expect("a template");
    let kafka = kafka(&template);
    assert_eq!((kafka.reply, kafka.bisect), (Reply::Ignored, false));
    assert_eq!((kafka.retries, kafka.max_record_age, &kafka.on_failure), (None, None, &None));
}

#[test]
fn one_condition_may_decide_on_all_of_it() {
    let properties = "Topics: [a], ProvisionedPollerConfig: !If [Provisioned, {}, !Ref AWS::NoValue], \
        FunctionResponseTypes: !If [Provisioned, [ReportBatchItemFailures], !Ref AWS::NoValue], \
        DestinationConfig: !If [Provisioned, {OnFailure: {Destination: !Sub 'kafka://${Failed}'}}, \
        !Ref AWS::NoValue]";
    let template = |provisioned: &str| {
        let source = format!(
            "Parameters: {{Pollers: {{Type: String, Default: '{provisioned}'}}, Failed: {{Type: String, Default: f}}}}\n\
             Conditions: {{Provisioned: !Equals [!Ref Pollers, 'true']}}\n"
        );
        parse(&(source + &event("MSK", properties))).expect("a template")
    };
    let (with, without) = (template("true"), template("false"));
    assert_eq!(kafka(&with).reply, Reply::BatchItemFailures);
    assert_eq!(kafka(&with).on_failure.as_deref(), Some("f"));
    assert_eq!(kafka(&without).reply, Reply::Ignored);
    assert_eq!(without.ignored(), [""; 0]);
}

#[test]
fn endless_retries_end_where_there_is_a_destination() {
    let retries = |more: &str| read(&format!("Topics: [a], ProvisionedPollerConfig: {{}}, {more}")).retries;
    let destination = "DestinationConfig: {OnFailure: {Destination: 'kafka://failed'}}";
    assert_eq!(retries("MaximumRetryAttempts: -1, MaximumRecordAgeInSeconds: -1"), None);
    assert_eq!(retries(destination), Some(10));
    assert_eq!(retries(&format!("{destination}, MaximumRetryAttempts: -1")), Some(10));
    assert_eq!(retries(&format!("{destination}, MaximumRetryAttempts: 0")), Some(0));
}

#[test]
fn what_is_not_honoured_of_a_mapping_is_told() {
    assert_eq!(
        ignored(
            "Topics: [a], FilterCriteria: {}, SourceAccessConfigurations: [], LoggingConfig: {}, \
             ProvisionedPollerConfig: {MinimumPollers: 2}, FunctionResponseTypes: [Other], \
             DestinationConfig: {OnFailure: {Destination: !GetAtt Queue.Arn}}"
        ),
        [
            format!("{AT}.FilterCriteria is not honoured here"),
            format!("{AT}.SourceAccessConfigurations is not honoured here"),
            format!("{AT}.LoggingConfig is not honoured here"),
            format!("{AT}.ProvisionedPollerConfig.MinimumPollers is not honoured here"),
            format!("{AT}.DestinationConfig.OnFailure.Destination is not honoured here"),
            format!("{AT}.FunctionResponseTypes: Other is not honoured here"),
        ]
    );
}

#[test]
fn a_wrong_mapping_names_its_event() {
    let fault = |properties: &str| fault(&event("MSK", properties));
    assert!(fault("Stream: x").starts_with(&format!("{AT}.Topics is missing")));
    assert!(fault("Topics: [a], BatchSize: 0").contains("from 1 to 10000"));
    assert!(fault("Topics: [a], MaximumBatchingWindowInSeconds: 301").contains("from 0 to 300"));
    assert!(fault("Topics: [a], StartingPosition: HERE").contains("is not TRIM_HORIZON, LATEST or AT_TIMESTAMP"));
    assert!(fault("Topics: [a], StartingPosition: AT_TIMESTAMP").contains("StartingPositionTimestamp is missing"));
    assert!(fault("Topics: [a], MaximumRetryAttempts: 10001, ProvisionedPollerConfig: {}").contains("to 10000"));
    let own = "Topics: [a, b], ProvisionedPollerConfig: {}, DestinationConfig: {OnFailure: {Destination: 'kafka://b'}}";
    assert!(fault(own).contains("OnFailure.Destination is b, which is a topic of the same event"));
}

#[test]
fn two_mappings_of_a_function_are_two_groups() {
    let template = parse(&work(
        "Events:\n  One: {Type: MSK, Properties: {Topics: [a]}}\n  Two: {Type: MSK, Properties: {Topics: [b]}}",
    ))
    .expect("a template");
    let groups: Vec<_> = template.functions()["work"].mappings().map(|kafka| kafka.group.as_str()).collect();
    assert_eq!(groups, ["work-One", "work-Two"]);
}
