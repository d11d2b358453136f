//! What a record of a CRM means for us: decided from what is there, without asking anybody.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::fields::Fields;
use super::merge::{Clash, Merged, merge};
use crate::contact::reading::Rules;
use crate::contact::{Contact, Profile, RemoteKey};
use crate::db::connections::{Connection, Policy};
use crate::db::links::{Conflict, Link, LinkState, Side};
use crate::error::{Error, Fault, Result};
use crate::events::Kind;
use crate::mapping::{Crm, Incoming, Record, Stamp};

/// A CRM's clock may be so much ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// A record that has arrived.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// Where from.
    pub connection: &'a Connection,
    /// Which.
    pub key: &'a RemoteKey,
    /// As it came.
    pub record: &'a Record,
    /// As it was read.
    pub incoming: &'a Incoming,
    /// How it is read.
    pub crm: &'static dyn Crm,
}

/// What there is of it here.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The contact that it is linked to or names as its own.
    pub contact: Option<Contact>,
    /// The link between them.
    pub link: Option<Link>,
    /// When we, or another CRM, last changed the contact since this one was told; `None` if nobody knows any more.
    pub changed_at: Option<Timestamp>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Nothing: it is older than what was last seen of this contact.
    Outdated(Box<Contact>),
    /// This.
    Apply(Box<Applied>),
}

/// What is to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The contact as it was, unless it is new.
    pub before: Option<Contact>,
    /// The contact as it is then.
    pub contact: Contact,
    /// How it changed; `None` if it did not.
    pub kind: Option<Kind>,
    /// The link as it is then.
    pub link: Link,
    /// What both sides had changed.
    pub conflicts: Vec<Conflict>,
}

/// Decides what a record means.
pub fn decide(arrival: &Arrival<'_>, known: Known, now: Timestamp, rules: &Rules) -> Result<Decision> {
    let stamp = arrival.incoming.stamp;
    if stamp.is_some_and(|stamp| stamp.at > now + AHEAD) {
        let detail = "was changed at a time that is more than five minutes ahead".to_owned();
        return Err(Error::Invalid(vec![Fault { pointer: String::new(), code: "in_future", detail }]));
    }
    // A contact that is another record's is none of this one's, though both may say they came from it.
    let another =
        known.link.as_ref().is_some_and(|link| link.remote_id.as_ref().is_some_and(|id| *id != arrival.key.remote_id));
    let Known { contact: Some(before), link, changed_at } = (if another { Known::default() } else { known }) else {
        return Ok(apply(create(arrival, now, rules)));
    };
    let changed_at = changed_at.unwrap_or(before.updated_at);
    let link = link.unwrap_or_else(|| Link::new(before.id, arrival.key.clone()));
    if stamp.zip(link.base_stamp).is_some_and(|(stamp, seen)| is_older(stamp, seen)) {
        return Ok(Decision::Outdated(Box::new(before)));
    }
    let kept = whose(arrival, changed_at);
    merge_into(arrival, before, link, kept, now, rules).map(apply)
}

/// By the CRM's clock, and by its version where the clock doesn't tell and both have one.
fn is_older(stamp: Stamp, seen: Stamp) -> bool {
    let version = || stamp.version.zip(seen.version).is_some_and(|(version, seen)| version < seen);
    stamp.at < seen.at || (stamp.at == seen.at && version())
}

fn apply(applied: Applied) -> Decision {
    Decision::Apply(Box::new(applied))
}

fn create(arrival: &Arrival<'_>, now: Timestamp, rules: &Rules) -> Applied {
    let contact = Contact::create(arrival.incoming.profile.clone());
    let link = seen(arrival, Link::new(contact.id, arrival.key.clone()), &contact, false, now, rules);
    Applied { before: None, contact, kind: Some(Kind::Created), link, conflicts: Vec::new() }
}

fn merge_into(
    arrival: &Arrival<'_>,
    before: Contact,
    link: Link,
    kept: Side,
    now: Timestamp,
    rules: &Rules,
) -> Result<Applied> {
    let changed_here = before.version > link.pushed_version;
    let base = link.base.as_ref().and_then(|base| arrival.crm.to_contact(base, rules).ok());
    let base = base.map(|base| Fields::of(&base.profile));
    let (ours, theirs) = (Fields::of(&before.profile), Fields::of(&arrival.incoming.profile));
    let Merged { fields, mut conflicts } = merge(base.as_ref(), &ours, &theirs, changed_here, kept);

    // What they changed says that the record lives. That we deleted the contact is a change like any other.
    let revived = before.deleted_at.is_some() && base.as_ref() != Some(&theirs);
    if revived && changed_here {
        let deleted = before.deleted_at.map(|time| json!(time));
        conflicts = vec![Clash { field: "deletedAt".to_owned(), ours: deleted, theirs: None }];
    }
    let stays_deleted = before.deleted_at.is_some() && !(revived && (kept == Side::Theirs || !changed_here));
    let (contact, kind) = if stays_deleted {
        (before.clone(), None)
    } else {
        changed(&before, fields.into_profile(rules).map_err(too_much)?)
    };
    let lost = !conflicts.is_empty() && kept == Side::Ours;
    let link = seen(arrival, link, &contact, lost, now, rules);
    let note = |clash: Clash| Conflict {
        contact_id: contact.id,
        connection: arrival.connection.id.clone(),
        field: clash.field,
        ours: clash.ours,
        theirs: clash.theirs,
        kept,
        occurred_at: now,
    };
    let conflicts = conflicts.into_iter().map(note).collect();
    Ok(Applied { before: Some(before), contact, kind, link, conflicts })
}

/// Two halves that are good for themselves may make a whole that is not. Its places are those of our form, which the CRM's
/// record doesn't have.
fn too_much(error: Error) -> Error {
    match error {
        Error::Invalid(faults) => {
            let first = faults.into_iter().next();
            let (code, detail) = first.map_or(("invalid", String::new()), |fault| (fault.code, fault.detail));
            let detail = format!("together with what is here, a part of it {detail}");
            Error::Invalid(vec![Fault { pointer: String::new(), code, detail }])
        }
        other => other,
    }
}

/// The contact in its next version, if that is another: restored, changed, or both at once.
fn changed(before: &Contact, profile: Profile) -> (Contact, Option<Kind>) {
    if let Some(restored) = before.restored() {
        return (Contact { profile, ..restored }, Some(Kind::Restored));
    }
    match before.with_profile(profile) {
        Some(after) => (after, Some(Kind::Updated)),
        None => (before.clone(), None),
    }
}

/// Whose change is kept where both sides have one. Ours was made at this time: not when the contact last changed, which may
/// have been by a change of theirs.
fn whose(arrival: &Arrival<'_>, changed_at: Timestamp) -> Side {
    match arrival.connection.policy {
        Policy::CrmWins => Side::Theirs,
        // A record that says no time was changed just now.
        Policy::NewestWins if arrival.incoming.stamp.is_none_or(|stamp| stamp.at >= changed_at) => Side::Theirs,
        Policy::LocalWins | Policy::NewestWins => Side::Ours,
    }
}

/// The link after the record was seen: it is the base now, and if it says what the contact says, both are the same.
fn seen(arrival: &Arrival<'_>, link: Link, contact: &Contact, due: bool, now: Timestamp, rules: &Rules) -> Link {
    let link = Link {
        remote_id: Some(arrival.key.remote_id.clone()),
        base: Some(arrival.record.clone()),
        base_stamp: arrival.incoming.stamp.or(link.base_stamp),
        ..link
    };
    let same = contact.deleted_at.is_none() && arrival.crm.changes(contact, arrival.record, rules).is_empty();
    if same {
        return Link {
            pushed_version: contact.version,
            state: LinkState::Synced,
            attempts: 0,
            retry_at: None,
            failure: None,
            synced_at: Some(now),
            ..link
        };
    }
    // What is due is written to the CRM again; a link whose writing has failed goes on failing.
    let state = if due || link.state == LinkState::Synced { LinkState::Pending } else { link.state };
    Link { state, retry_at: if due { Some(now) } else { link.retry_at }, ..link }
}
