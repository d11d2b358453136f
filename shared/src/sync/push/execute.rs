//! Doing one step: a call or two, and what the CRM said.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::plan::Step;
use crate::mapping::{Crm, Record};
use crate::remote::{Failure, Session};

/// What came of a step.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reply {
    /// The record as the CRM has it, with what we wrote in it.
    Answered(Record),
    /// The record as the CRM has it.
    Shown {
        /// The record.
        record: Record,
        /// Whether what the link is sending was not written: somebody else was faster.
        unwritten: bool,
    },
    /// There is no such record.
    Missing,
    /// It is deleted, as we wanted.
    Removed,
    /// There was nothing to do.
    Agreed,
    /// It failed.
    Failed(Failure),
    /// It was not begun, and is to be at this time.
    Deferred(Timestamp),
}

/// Does a step for a contact.
pub(super) async fn execute(session: &Session<'_>, crm: &dyn Crm, contact: Uuid, step: &Step) -> Reply {
    attempt(session, crm, contact, step).await.unwrap_or_else(Reply::Failed)
}

async fn attempt(session: &Session<'_>, crm: &dyn Crm, contact: Uuid, step: &Step) -> Result<Reply, Failure> {
    match step {
        Step::Agree => Ok(Reply::Agreed),
        Step::Look(Some(remote_id)) => show(session, crm, remote_id, false).await,
        Step::Look(None) => {
            let found = crm.found(session.send(&crm.find(contact)).await?);
            Ok(found.map_or(Reply::Missing, |record| Reply::Shown { record, unwritten: false }))
        }
        Step::Create(record) => {
            // The answer to an earlier try may have been lost, or the link itself.
            if let Some(record) = crm.found(session.send(&crm.find(contact)).await?) {
                return Ok(Reply::Shown { record, unwritten: true });
            }
            let answer = session.send(&crm.create(record.clone())).await?;
            answered(crm, answer)
        }
        Step::Change { remote_id, part, version } => {
            match session.send(&crm.change(remote_id, part.clone(), *version)).await {
                Ok(answer) => answered(crm, answer),
                Err(Failure::Stale) => show(session, crm, remote_id, true).await,
                Err(Failure::Gone) => Ok(Reply::Missing),
                Err(failure) => Err(failure),
            }
        }
        Step::Remove { remote_id, version } => match session.send(&crm.remove(remote_id, *version)).await {
            Ok(_) | Err(Failure::Gone) => Ok(Reply::Removed),
            Err(Failure::Stale) => show(session, crm, remote_id, true).await,
            Err(failure) => Err(failure),
        },
    }
}

async fn show(session: &Session<'_>, crm: &dyn Crm, remote_id: &str, unwritten: bool) -> Result<Reply, Failure> {
    match session.send(&crm.fetch(remote_id)).await {
        Ok(answer) => Ok(Reply::Shown { record: record(crm, answer)?, unwritten }),
        Err(Failure::Gone) => Ok(Reply::Missing),
        Err(failure) => Err(failure),
    }
}

fn answered(crm: &dyn Crm, answer: Value) -> Result<Reply, Failure> {
    record(crm, answer).map(Reply::Answered)
}

fn record(crm: &dyn Crm, answer: Value) -> Result<Record, Failure> {
    crm.record(answer).ok_or_else(|| Failure::Unanswered("the CRM's answer has no record in it".to_owned()))
}
