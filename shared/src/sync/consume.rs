//! Records of the topic of contacts: each says that a contact may have to be written to CRMs.

use super::push::{Pushed, Pusher, Woken};
use crate::app::App;
use crate::clock::End;
use crate::error::Result;
use crate::events::KafkaRecord;
use crate::parked;

/// Writes the contacts that these records are about to the CRMs of their tenants. What can't be read is parked.
pub async fn consume(app: &App, pusher: &Pusher, records: &[KafkaRecord<'_>], end: &End) -> Result<Pushed> {
    let (mut contacts, mut unreadable) = (Woken::new(), Vec::new());
    // Each lasts as long as the work of all.
    let spans: Vec<_> = records.iter().map(KafkaRecord::span).collect();
    for (record, span) in records.iter().zip(&spans) {
        match record.contact() {
            // The last one knows of the changes before.
            Ok(contact) => drop(contacts.insert(contact, span.context().cloned())),
            Err(reason) => unreadable.push((record, reason)),
        }
    }
    parked::park(app, &unreadable).await?;
    pusher.push(app, &contacts, end).await
}
