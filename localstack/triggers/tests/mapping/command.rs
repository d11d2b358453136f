//! The binary, with a template of its own.

use std::{fs, process::Stdio};

use tempfile::TempDir;
use tokio::{process::Command, time::timeout};

use crate::{
    topic::{PATIENCE, brokers},
    world::World,
};

fn template(world: &World, folder: &TempDir) -> std::path::PathBuf {
    let (topic, group) = (&world.topic.name, world.group());
    let template = format!(
        "Parameters: {{Cluster: {{Type: String}}}}\n\
         Resources:\n  \
           Work:\n    \
             Type: AWS::Serverless::Function\n    \
             Properties:\n      \
               CodeUri: target/lambda/read-records/\n      \
               Events:\n        \
                 Records:\n          \
                   Type: MSK\n          \
                   Properties:\n            \
                     Stream: !Ref Cluster\n            \
                     Topics: [{topic}]\n            \
                     ConsumerGroupId: {group}\n            \
                     MaximumBatchingWindowInSeconds: 0\n            \
                     FilterCriteria: {{Filters: []}}\n"
    );
    let path = folder.path().join("template.yaml");
    fs::write(&path, template).unwrap();
    path
}

fn triggers(world: &World, folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_triggers"));
    command.args(["run", "--endpoint", world.function.url.as_str(), "--template"]);
    command.arg(template(world, folder)).env_remove("KAFKA_BROKERS").env_remove("RUST_LOG");
    command.stderr(Stdio::piped()).kill_on_drop(true);
    command
}

#[tokio::test]
async fn it_polls_until_a_signal_and_tells_a_line_of_each_batch() {
    let (world, folder) = (World::new(1).await, TempDir::new().unwrap());
    world.topic.put(0, "confidential").await;
    let run = triggers(&world, &folder).args(["--brokers", &brokers()]).spawn().unwrap();
    world.function.called().await.fail();
    let call = world.function.called().await;
    let id = run.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    call.succeed();
    let output = timeout(PATIENCE, run.wait_with_output()).await.expect("an end in time").unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{log}");
    assert_eq!(world.committed(0).await, Some(1), "{log}");

    let batch =
        format!("function=\"read-records\" topic=\"{}\" partition=0 first=0 last=0 records=1", world.topic.name);
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(&batch)).collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines[0].contains(" WARN failed ") && lines[0].contains("attempt=1"), "{log}");
    assert!(lines[1].contains(" INFO succeeded ") && lines[1].contains("attempt=2"), "{log}");
    assert!(log.contains("FilterCriteria is not honoured here"), "{log}");
    assert!(log.contains("stopped"), "{log}");
    assert!(!log.contains("confidential") && !log.contains("Y29uZmlkZW50aWFs"), "{log}");
    world.topic.delete().await;
}

#[tokio::test]
async fn when_it_is_killed_another_does_again_what_it_had_under_way() {
    let (mut world, folder) = (World::new(1).await, TempDir::new().unwrap());
    world.kafka.batch_size = 1;
    world.topic.put(0, "a").await;
    let mut killed = triggers(&world, &folder).args(["--brokers", &brokers()]).spawn().unwrap();
    let call = world.function.called().await;
    killed.kill().await.unwrap();
    call.succeed();
    let running = world.run();
    world.topic.put(0, "b").await;
    for value in ["a", "b"] {
        let call = world.function.called().await;
        assert_eq!(call.values(), [value]);
        call.succeed();
    }
    world.commits(0, 2).await;
    world.end(running).await;
}

#[tokio::test]
async fn it_wants_to_know_where_the_topics_are() {
    let (world, folder) = (World::new(1).await, TempDir::new().unwrap());
    let output = timeout(PATIENCE, triggers(&world, &folder).output()).await.expect("an end in time").unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        log.ends_with(
            "triggers: read-records is called for Kafka topics; name their brokers with --brokers HOST:PORT\n"
        ),
        "{log}"
    );
    world.topic.delete().await;
}
