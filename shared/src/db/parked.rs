//! Records of a topic that say nothing we can read: parked, so that nothing is dropped in silence.

use super::{GenericClient, failed};
use crate::error::Result;
use crate::events::KafkaRecord;

/// Parks records, each with the reason, and answers how many. One that is parked already stays as it is.
pub async fn park(db: &impl GenericClient, records: &[(&KafkaRecord<'_>, String)]) -> Result<u64> {
    const SQL: &str = "insert into parked_records (topic, partition, \"offset\", record, reason) \
                       select * from unnest($1::text[], $2::int[], $3::bigint[], $4::text[], $5::text[]) \
                       on conflict do nothing";
    let topics: Vec<_> = records.iter().map(|(record, _)| record.topic.as_str()).collect();
    let partitions: Vec<_> = records.iter().map(|(record, _)| record.partition).collect();
    let offsets: Vec<_> = records.iter().map(|(record, _)| record.offset).collect();
    // As JSON, in which a NUL is written as an escape.
    let texts: Vec<_> = records.iter().map(|(record, _)| record.raw.to_string()).collect();
    let reasons: Vec<_> = records.iter().map(|(_, reason)| reason.as_str()).collect();
    let statement = db.prepare_cached(SQL).await.map_err(failed)?;
    db.execute(&statement, &[&topics, &partitions, &offsets, &texts, &reasons]).await.map_err(failed)
}
