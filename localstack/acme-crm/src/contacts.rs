//! What can be done to contacts. Each change is one exchange in Redis: whoever comes second sees the first one's.

use crate::crm::Crm;
use crate::problem::Problem;
use crate::record::{self, Members, Record};
use crate::store::Change;
use crate::webhooks::{Delivery, Event};

/// A contact as it is after a write, and the delivery that tells of it, if there is one.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) record: Record,
    pub(crate) delivery: Option<String>,
}

/// How the members of a body are applied.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    /// They are the record.
    Replace,
    /// They are what changes.
    Merge,
}

/// Makes one.
pub(crate) async fn create(crm: &Crm, members: Members) -> Result<Written, Problem> {
    let mut record = Record::new(members);
    settle(crm, &mut record)?;
    let delivery = told(crm).then(|| Delivery::of(Event::Created, &record));
    let change = Change { before: None, after: Some(&record), delivery: delivery.as_ref() };
    // Ids are drawn at random, so nobody has this one.
    crm.store.commit(change).await?;
    Ok(written(crm, record, delivery))
}

/// Changes one, if it has the version expected. What changes nothing is no change.
pub(crate) async fn change(
    crm: &Crm,
    id: &str,
    way: Way,
    members: &Members,
    expected: Option<u64>,
) -> Result<Written, Problem> {
    loop {
        let stored = crm.store.record(id).await?.ok_or(Problem::NoSuchContact)?;
        check_version(&stored.record, expected)?;
        let mut record = stored.record.clone();
        match way {
            Way::Replace => record.replace(members.clone()),
            Way::Merge => record.merge(members.clone()),
        }
        settle(crm, &mut record)?;
        if record == stored.record {
            return Ok(Written { record, delivery: None });
        }
        record.touch();
        let delivery = told(crm).then(|| Delivery::of(Event::Updated, &record));
        let change = Change { before: Some(&stored), after: Some(&record), delivery: delivery.as_ref() };
        if crm.store.commit(change).await? {
            return Ok(written(crm, record, delivery));
        }
    }
}

/// Deletes one, if it has the version expected.
pub(crate) async fn delete(crm: &Crm, id: &str, expected: Option<u64>) -> Result<Written, Problem> {
    loop {
        let stored = crm.store.record(id).await?.ok_or(Problem::NoSuchContact)?;
        check_version(&stored.record, expected)?;
        let delivery = told(crm).then(|| Delivery::of_deletion(&stored.record));
        let change = Change { before: Some(&stored), after: None, delivery: delivery.as_ref() };
        if crm.store.commit(change).await? {
            return Ok(written(crm, stored.record, delivery));
        }
    }
}

fn check_version(record: &Record, expected: Option<u64>) -> Result<(), Problem> {
    if expected.is_none_or(|expected| expected == record.version()) {
        return Ok(());
    }
    Err(Problem::Conflict(Box::new(record.clone())))
}

fn settle(crm: &Crm, record: &mut Record) -> Result<(), Problem> {
    record::check(record)?;
    if crm.faults.get().normalise {
        record::normalise(record);
    }
    Ok(())
}

/// Whether there is anybody to tell.
fn told(crm: &Crm) -> bool {
    crm.webhook.borrow().is_some()
}

fn written(crm: &Crm, record: Record, delivery: Option<Delivery>) -> Written {
    crm.queued.notify_one();
    Written { record, delivery: delivery.map(|delivery| delivery.key) }
}
