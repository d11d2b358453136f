//! The records of one invocation.

use std::time::Duration;

use serde_json::Value;

use super::record::Record;

/// Records of one partition in the order of their offsets.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    records: Vec<Record>,
    /// The offset after its last record, also when that is no longer in it.
    next: i64,
}

impl Batch {
    pub(super) fn of(first: Record) -> Self {
        Self { next: first.offset + 1, records: vec![first] }
    }

    pub(super) fn push(&mut self, record: Record) {
        self.next = record.offset + 1;
        self.records.push(record);
    }

    pub(super) fn records(&self) -> &[Record] {
        &self.records
    }

    /// What to commit when it is done.
    pub(super) fn next(&self) -> i64 {
        self.next
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(super) fn offsets(&self) -> Option<(i64, i64)> {
        Some((self.records.first()?.offset, self.records.last()?.offset))
    }

    pub(super) fn contains(&self, offset: i64) -> bool {
        self.records.binary_search_by_key(&offset, |record| record.offset).is_ok()
    }

    /// The bytes of the records in an event, with the commas between them.
    pub(super) fn size(&self) -> usize {
        self.records.iter().map(|record| record.size + 1).sum::<usize>().saturating_sub(1)
    }

    pub(super) fn json(&self) -> Vec<Value> {
        self.records.iter().map(|record| record.json.clone()).collect()
    }

    /// What is left from this offset on.
    pub(super) fn from(mut self, offset: i64) -> Self {
        self.records.retain(|record| record.offset >= offset);
        self
    }

    /// Takes out what is too old.
    pub(super) fn take_older_than(&mut self, age: Duration, now: jiff::Timestamp) -> Self {
        let (old, young) = self.records.drain(..).partition(|record| record.is_older_than(age, now));
        self.records = young;
        Self { records: old, next: self.next }
    }

    /// Two halves in order, unless one record is all there is.
    pub(super) fn halves(mut self) -> Result<(Self, Self), Self> {
        if self.len() < 2 {
            return Err(self);
        }
        let second = self.records.split_off(self.len() / 2);
        let between = second.first().map_or(self.next, |record| record.offset);
        Ok((Self { records: self.records, next: between }, Self { records: second, next: self.next }))
    }
}
