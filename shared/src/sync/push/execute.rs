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
        Step::Look(Some(remote_id)) => match show(session, crm, remote_id).await? {
            Some(record) => Ok(Reply::Shown { record, unwritten: false }),
            None => missing(session, crm, contact).await,
        },
        Step::Look(None) => missing(session, crm, contact).await,
        Step::Create(record) => {
            // The answer to an earlier try may have been lost, or the link itself.
            if let Some(record) = find(session, crm, contact).await? {
                return Ok(Reply::Shown { record, unwritten: true });
            }
            let answer = session.send(&crm.create(record.clone())).await?;
            record_in(crm, answer).map(Reply::Answered)
        }
        Step::Change { remote_id, part, version } => {
            match session.send(&crm.change(remote_id, part.clone(), *version)).await {
                Ok(answer) => record_in(crm, answer).map(Reply::Answered),
                Err(Failure::Stale(reason)) => stale(session, crm, remote_id, *version, reason).await,
                Err(Failure::Gone) => missing(session, crm, contact).await,
                Err(failure) => Err(failure),
            }
        }
        Step::Remove { remote_id, version } => match session.send(&crm.remove(remote_id, *version)).await {
            Ok(_) | Err(Failure::Gone) => Ok(Reply::Removed),
            Err(Failure::Stale(reason)) => stale(session, crm, remote_id, *version, reason).await,
            Err(failure) => Err(failure),
        },
    }
}

/// What the CRM has by a record's id.
async fn show(session: &Session<'_>, crm: &dyn Crm, remote_id: &str) -> Result<Option<Record>, Failure> {
    match session.send(&crm.fetch(remote_id)).await {
        Ok(answer) => record_in(crm, answer).map(Some),
        Err(Failure::Gone) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// What the CRM has by our id. That there is no such list at all says that something else than the CRM has answered.
async fn find(session: &Session<'_>, crm: &dyn Crm, contact: Uuid) -> Result<Option<Record>, Failure> {
    let no_list = || Failure::Unanswered("the CRM's answer is no list of records".to_owned());
    match session.send(&crm.find(contact)).await {
        Ok(answer) => Ok(crm.found(answer, contact).ok_or_else(no_list)?.into_iter().next()),
        Err(Failure::Gone) => Err(no_list()),
        Err(failure) => Err(failure),
    }
}

/// A record is missing only if the CRM, asked in another way, has it neither.
async fn missing(session: &Session<'_>, crm: &dyn Crm, contact: Uuid) -> Result<Reply, Failure> {
    let found = find(session, crm, contact).await?;
    Ok(found.map_or(Reply::Missing, |record| Reply::Shown { record, unwritten: false }))
}

/// The CRM says that somebody else was faster. If its record still has the version that we named, it means something else
/// by that, and will say so again.
async fn stale(
    session: &Session<'_>,
    crm: &dyn Crm,
    remote_id: &str,
    named: Option<i64>,
    reason: String,
) -> Result<Reply, Failure> {
    let Some(record) = show(session, crm, remote_id).await? else { return Ok(Reply::Missing) };
    let version = crm.version(&record);
    if named.is_some() && version == named {
        return Err(Failure::Refused(reason));
    }
    Ok(Reply::Shown { record, unwritten: true })
}

fn record_in(crm: &dyn Crm, answer: Value) -> Result<Record, Failure> {
    crm.record(answer).ok_or_else(|| Failure::Unanswered("the CRM's answer has no record in it".to_owned()))
}
