//! What has to be done so that a CRM has what we have: decided from the contact and its link as they are now.

use jiff::{SignedDuration, Timestamp};

use crate::contact::Contact;
use crate::contact::reading::Rules;
use crate::db::links::{Link, LinkState, Sending};
use crate::mapping::{Crm, Record};

/// The next thing to do. One at a time: what comes of it is stored before the next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// To look what the CRM has, because we don't know: by the record's id, or by ours.
    Look(Option<String>),
    /// To make a record, if the CRM has none that carries our id.
    Create(Record),
    /// To change these members of the record, if it still has this version.
    Change {
        /// The record.
        remote_id: String,
        /// The members, `null` for those that go.
        part: Record,
        /// The CRM's version.
        version: Option<i64>,
    },
    /// To delete the record.
    Remove {
        /// The record.
        remote_id: String,
        /// The CRM's version.
        version: Option<i64>,
    },
    /// Nothing: the CRM has what we have.
    Agree,
}

/// A step, and what the link says while it is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What to do.
    pub step: Step,
    /// The link, claimed.
    pub link: Link,
    /// The version of the contact that it is about.
    pub version: i32,
    /// What the link was sending before.
    pub unanswered: Option<Sending>,
}

/// What is next; `None` if there is nothing to do, or somebody else is doing it, or it was tried in vain.
pub fn plan(
    crm: &dyn Crm,
    contact: &Contact,
    link: Option<Link>,
    connection: &str,
    now: Timestamp,
    claim: SignedDuration,
    rules: &Rules,
) -> Option<Plan> {
    let is_new = link.is_none();
    let link = link.unwrap_or_else(|| Link::untold(contact.id, connection.to_owned()));
    let tried = link.sending.as_ref().is_some_and(|sending| sending.version >= contact.version);
    let in_vain = link.state == LinkState::Dead && tried;
    let claimed = link.claimed_until.is_some_and(|until| until > now);
    let never_told = contact.deleted_at.is_some() && is_new;
    if contact.version <= link.pushed_version || in_vain || claimed || never_told {
        return None;
    }
    let step = step(crm, contact, &link, rules);
    let unanswered = link.sending.clone();
    let sending = match step {
        // What came of the last try is not known. It may still be seen to arrive.
        Step::Look(_) | Step::Agree => unanswered.clone(),
        Step::Remove { .. } => Some(Sending { version: contact.version, record: None, since: now }),
        Step::Create(_) | Step::Change { .. } => {
            let record = crm.from_contact(contact, link.base.as_ref(), rules);
            Some(Sending { version: contact.version, record: Some(record), since: now })
        }
    };
    let until = now + claim;
    // Should whoever claims it die, the link comes round again.
    let link = Link { sending, claimed_until: Some(until), retry_at: Some(until), ..link };
    Some(Plan { step, link, version: contact.version, unanswered })
}

fn step(crm: &dyn Crm, contact: &Contact, link: &Link, rules: &Rules) -> Step {
    let Link { remote_id, base, base_stamp, sending, .. } = link;
    let version = base_stamp.and_then(|stamp| stamp.version);
    match (remote_id.clone(), base) {
        (remote_id, _) if sending.is_some() => Step::Look(remote_id),
        (Some(remote_id), Some(_)) if contact.deleted_at.is_some() => Step::Remove { remote_id, version },
        (Some(remote_id), Some(base)) => match crm.to_push(contact, base, rules) {
            part if part.is_empty() => Step::Agree,
            part => Step::Change { remote_id, part, version },
        },
        (None, _) if contact.deleted_at.is_none() => Step::Create(crm.from_contact(contact, None, rules)),
        (remote_id, _) => Step::Look(remote_id),
    }
}
