//! Where a new consumer group begins. Its place is committed before the first poll, so that it is the same after a restart.

use std::time::Duration;

use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, CommitMode, Consumer},
    error::KafkaResult,
    metadata::MetadataTopic,
};

use super::client;
use crate::template::{Kafka, StartingPosition};

/// How long the broker may take for one question.
const PATIENCE: Duration = Duration::from_secs(10);

/// Commits the starting position for the partitions that the group has no offset of. This blocks.
pub(super) fn commit(kafka: &Kafka, brokers: &str) -> KafkaResult<()> {
    if kafka.start == StartingPosition::TrimHorizon {
        return Ok(());
    }
    let consumer: BaseConsumer = client::member(brokers, &kafka.group).create()?;
    let mut all = TopicPartitionList::new();
    for topic in &kafka.topics {
        let metadata = consumer.fetch_metadata(Some(topic), PATIENCE)?;
        for partition in metadata.topics().iter().flat_map(MetadataTopic::partitions) {
            all.add_partition(topic, partition.id());
        }
    }
    let mut places = TopicPartitionList::new();
    for element in consumer.committed_offsets(all, PATIENCE)?.elements() {
        if element.offset() == Offset::Invalid {
            let (topic, partition) = (element.topic(), element.partition());
            let place = place(&consumer, topic, partition, kafka.start)?;
            places.add_partition_offset(topic, partition, place)?;
        }
    }
    if places.count() == 0 { Ok(()) } else { consumer.commit(&places, CommitMode::Sync) }
}

fn place(consumer: &BaseConsumer, topic: &str, partition: i32, start: StartingPosition) -> KafkaResult<Offset> {
    if let StartingPosition::AtTimestamp(time) = start {
        let mut question = TopicPartitionList::new();
        question.add_partition_offset(topic, partition, Offset::Offset(time))?;
        let answer = consumer.offsets_for_times(question, PATIENCE)?;
        let offset = answer.find_partition(topic, partition).map(|element| element.offset());
        if let Some(offset @ Offset::Offset(_)) = offset {
            return Ok(offset);
        }
    }
    // Nothing is as young as that time, or only what comes is wanted.
    let (_, end) = consumer.fetch_watermarks(topic, partition, PATIENCE)?;
    Ok(Offset::Offset(end))
}
