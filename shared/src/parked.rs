//! Records of a topic that say nothing we can read.

use crate::app::App;
use crate::db;
use crate::error::Result;
use crate::events::KafkaRecord;
use crate::telemetry::{self, Measure};

/// Parks records, each with the reason, so that none is dropped in silence and none stops its partition.
pub async fn park(app: &App, unreadable: &[(&KafkaRecord<'_>, String)]) -> Result<()> {
    if unreadable.is_empty() {
        return Ok(());
    }
    for (KafkaRecord { topic, partition, offset, .. }, reason) in unreadable {
        tracing::error!(topic, partition, offset, reason, "a record can't be read; it is parked");
    }
    let database = app.database.get().await?;
    telemetry::count(Measure::DeadLetters, db::parked::park(&database, unreadable).await?);
    Ok(())
}
