//! What it means that a CRM has deleted a record.

use jiff::Timestamp;
use serde_json::json;

use super::arrival::{Applied, Arrival, Decision, Known};
use crate::contact::Contact;
use crate::db::links::{Conflict, Link, LinkState, Side};
use crate::events::Kind;
use crate::mapping::Stamp;

/// Decides what becomes of the contact. That the record is gone is noted beside this, whatever becomes of it.
pub(super) fn decide(arrival: &Arrival<'_>, known: Known, at: Timestamp, now: Timestamp) -> Decision {
    let Known { contact: Some(before), link: Some(link), changed_at, deleted_at } = known else {
        return Decision::Nothing(known.contact.map(Box::new));
    };
    // That the record is gone is known, and nothing was seen of it since.
    let known_to_be_gone = deleted_at.is_some() && link.base.is_none();
    if known_to_be_gone || link.base_stamp.is_some_and(|seen| seen.at > at) {
        return Decision::Nothing(Some(Box::new(before)));
    }
    if before.deleted_at.is_some() {
        let link = gone(link, &before, at, now);
        return linked(before, link, Vec::new());
    }
    if link.sending.as_ref().is_some_and(|sending| sending.record.is_none()) {
        // We had the record deleted, and the contact was restored meanwhile. However late the CRM came to do it, that is older.
        return linked(before, to_be_made_again(link, now), Vec::new());
    }
    let changed_here = before.version > link.pushed_version;
    let kept = arrival.whose(changed_at.unwrap_or(before.updated_at));
    let conflicts = if changed_here { vec![conflict(arrival, &before, at, kept, now)] } else { Vec::new() };
    if changed_here && kept == Side::Ours {
        return linked(before, to_be_made_again(link, now), conflicts);
    }
    let contact = before.deleted();
    let link = gone(link, &contact, at, now);
    apply(Applied { before: Some(before), contact, kind: Some(Kind::Deleted), link, conflicts })
}

fn apply(applied: Applied) -> Decision {
    Decision::Apply(Box::new(applied))
}

/// The contact stays as it is; the link doesn't.
fn linked(contact: Contact, link: Link, conflicts: Vec<Conflict>) -> Decision {
    apply(Applied { before: Some(contact.clone()), contact, kind: None, link, conflicts })
}

/// Both sides agree that there is nothing. What the record was no longer counts: should it come back, all of it is news.
fn gone(link: Link, contact: &Contact, at: Timestamp, now: Timestamp) -> Link {
    Link { base: None, base_stamp: Some(Stamp { at, version: None }), ..link.in_sync(contact.version, now) }
}

/// The contact stays, so the CRM is to have it again: as another record, since this one is gone.
fn to_be_made_again(link: Link, now: Timestamp) -> Link {
    Link {
        remote_id: None,
        base: None,
        base_stamp: None,
        sending: None,
        claimed_until: None,
        state: LinkState::Pending,
        retry_at: Some(now),
        ..link
    }
}

fn conflict(arrival: &Arrival<'_>, contact: &Contact, at: Timestamp, kept: Side, now: Timestamp) -> Conflict {
    Conflict {
        contact_id: contact.id,
        connection: arrival.connection.id.clone(),
        field: "deletedAt".to_owned(),
        ours: None,
        theirs: Some(json!(at)),
        kept,
        occurred_at: now,
    }
}
