//! Records of the topic of webhooks: each wakes us up for one webhook, whose row says the rest.

use super::work::{Woken, Worked, work};
use crate::app::App;
use crate::error::Result;
use crate::events::KafkaRecord;
use crate::parked;

/// Works the webhooks that these records are about. What can't be read is parked.
pub async fn consume(app: &App, records: &[KafkaRecord<'_>]) -> Result<Worked> {
    let (mut woken, mut unreadable) = (Woken::new(), Vec::new());
    // Each lasts as long as the work of all.
    let spans: Vec<_> = records.iter().map(KafkaRecord::span).collect();
    for (record, span) in records.iter().zip(&spans) {
        match record.webhook() {
            Ok(id) => drop(woken.insert(id, span.context().cloned())),
            Err(reason) => unreadable.push((record, reason)),
        }
    }
    parked::park(app, &unreadable).await?;
    let worked = work(app, &woken).await?;
    let Worked { processed, unchanged, dead } = worked;
    tracing::info!(
        records = records.len(),
        processed,
        unchanged,
        dead,
        unreadable = unreadable.len(),
        "webhooks worked"
    );
    Ok(worked)
}
