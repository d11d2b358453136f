//! The topics that a deployment needs are there after it, and those that were there before stay as they were.

use std::time::Duration;

use crosswalk::Error;
use crosswalk::config::Env;
use prepare_kafka::{Settings, prepare};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use support::services;
use uuid::Uuid;

type Admin = AdminClient<DefaultClientContext>;

#[tokio::test]
async fn topics_that_are_missing_are_made_and_others_are_left_alone() {
    let admin: Admin = ClientConfig::new().set("bootstrap.servers", services::kafka_brokers()).create().unwrap();
    let unique = Uuid::now_v7().simple();
    let (there, missing) = (format!("test.there.{unique}"), format!("test.missing.{unique}"));
    let own = NewTopic::new(&there, 2, TopicReplication::Fixed(1)).set("retention.ms", "3600000");
    admin.create_topics([&own], &AdminOptions::new()).await.unwrap().remove(0).unwrap();

    let settings = settings(&[
        // The first of them is nobody.
        ("CROSSWALK_KAFKA_BROKERS", &format!("127.0.0.1:1,{}", services::kafka_brokers())),
        ("CROSSWALK_CONTACTS_TOPIC", &there),
        ("CROSSWALK_WEBHOOKS_TOPIC", &missing),
    ]);
    for _ in 0..2 {
        assert_eq!(prepare(&settings).await.unwrap(), settings.brokers);
        let (kept, made) = (partitions(&admin, &there), partitions(&admin, &missing));
        assert!(kept == 2 && made > 2, "{kept} {made}");
    }
    assert_eq!(setting(&admin, &there, "retention.ms").await, "3600000");
    assert!(setting(&admin, &missing, "max.message.bytes").await.parse::<usize>().unwrap() > 2 * 1024 * 1024);
    admin.delete_topics(&[&there, &missing], &AdminOptions::new()).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_made_makes_the_deployment_fail() {
    let refused = settings(&[
        ("CROSSWALK_KAFKA_BROKERS", &services::kafka_brokers()),
        ("CROSSWALK_CONTACTS_TOPIC", "no topic has spaces"),
    ]);
    let error = prepare(&refused).await.unwrap_err();
    assert!(error.chain().contains("InvalidTopic"), "{}", error.chain());
    assert!(matches!(error, Error::Internal { .. }), "a wrong setting is not retried");
    let nobody = settings(&[("CROSSWALK_KAFKA_BROKERS", "127.0.0.1:1")]);
    let error = prepare(&nobody).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{}", error.chain());
}

fn settings(variables: &[(&str, &str)]) -> Settings {
    let own = [("CROSSWALK_KAFKA_AUTH", "none")];
    Settings::read(&variables.iter().copied().chain(own).collect::<Env>()).unwrap()
}

fn partitions(admin: &Admin, topic: &str) -> usize {
    let metadata = admin.inner().fetch_metadata(Some(topic), Duration::from_secs(10)).unwrap();
    metadata.topics()[0].partitions().len()
}

async fn setting(admin: &Admin, topic: &str, name: &str) -> String {
    let described = admin.describe_configs([&ResourceSpecifier::Topic(topic)], &AdminOptions::new()).await.unwrap();
    described[0].as_ref().unwrap().get(name).unwrap().value.clone().unwrap()
}
