//! What news of a record mean for us: decided from what is there, without asking anybody.

use jiff::Timestamp;
use serde_json::json;

use super::arrival::{Applied, Arrival, Decision, Known, Source, Tells};
use super::deletion;
use super::echo::{self, Basis};
use super::fields::Fields;
use super::merge::{Clash, Merged, merge};
use crate::contact::reading::Rules;
use crate::contact::{Contact, Profile};
use crate::db::links::{Conflict, Link, LinkState, Side};
use crate::error::{Error, Fault, Result};
use crate::events::Kind;
use crate::mapping::{Incoming, Record, Stamp};

/// Decides what news mean.
pub fn decide(arrival: &Arrival<'_>, known: Known, now: Timestamp, rules: &Rules) -> Result<Decision> {
    if arrival.source == Source::Told {
        arrival.is_due(now)?;
    }
    match &arrival.tells {
        Tells::Is { record, incoming } => Changed { arrival, record, incoming, now, rules }.decide(known),
        Tells::Deleted(at) => Ok(deletion::decide(arrival, known, *at, now)),
    }
}

/// A record, and all that deciding it needs.
struct Changed<'a> {
    arrival: &'a Arrival<'a>,
    record: &'a Record,
    incoming: &'a Incoming,
    now: Timestamp,
    rules: &'a Rules,
}

impl Changed<'_> {
    fn decide(&self, known: Known) -> Result<Decision> {
        let stamp = self.incoming.stamp;
        // What we were shown just now is there, whatever was told before.
        let told = self.arrival.source == Source::Told;
        if told && stamp.zip(known.deleted_at).is_some_and(|(stamp, deleted_at)| stamp.at <= deleted_at) {
            return Ok(Decision::Nothing(known.contact.map(Box::new)));
        }
        // A contact that is another record's is none of this one's, though both may say they came from it. Only what we were
        // shown when we asked for a contact is about that contact.
        let another =
            told && known.link.as_ref().and_then(|link| link.remote_id.as_ref()).is_some_and(|id| *id != self.key());
        let Known { contact: Some(before), link, changed_at, .. } = (if another { Known::default() } else { known })
        else {
            return Ok(apply(self.create()));
        };
        let changed_at = changed_at.unwrap_or(before.updated_at);
        let link = link.unwrap_or_else(|| Link::new(before.id, self.arrival.key.clone()));
        if stamp.zip(link.base_stamp).is_some_and(|(stamp, seen)| is_older(stamp, seen)) {
            return Ok(Decision::Nothing(Some(Box::new(before))));
        }
        self.merge(before, link, self.arrival.whose(changed_at)).map(apply)
    }

    fn key(&self) -> &str {
        &self.arrival.key.remote_id
    }

    fn create(&self) -> Applied {
        let contact = Contact::create(self.incoming.profile.clone());
        let link = self.seen(Link::new(contact.id, self.arrival.key.clone()), &contact, Due::AsBefore);
        Applied { before: None, contact, kind: Some(Kind::Created), link, conflicts: Vec::new() }
    }

    fn merge(&self, before: Contact, link: Link, kept: Side) -> Result<Applied> {
        let (ours, theirs) = (Fields::of(&before.profile), Fields::of(&self.incoming.profile));
        let Basis { fields: base, link, written } =
            echo::basis(self.arrival, self.incoming, &theirs, link, self.now, self.rules);
        let changed_here = before.version > link.pushed_version;
        let Merged { fields, mut conflicts } =
            merge(base.as_ref(), &ours, &theirs, changed_here, kept, |name| written.has(name));

        // What they changed says that the record lives. That we deleted the contact is a change like any other.
        // That the CRM gave what we wrote another form is none.
        let theirs_changed =
            base.as_ref().is_none_or(|base| base.differing(&theirs).any(|name| !(changed_here && written.has(name))));
        let revived = before.deleted_at.is_some() && theirs_changed;
        if revived && changed_here {
            let deleted = before.deleted_at.map(|time| json!(time));
            conflicts = vec![Clash { field: "deletedAt".to_owned(), ours: deleted, theirs: None }];
        }
        let stays_deleted = before.deleted_at.is_some() && !(revived && (kept == Side::Theirs || !changed_here));
        let (contact, kind) =
            if stays_deleted { (before.clone(), None) } else { changed(&before, self.profile(fields)?) };
        let lost = !conflicts.is_empty() && kept == Side::Ours;
        let due = if lost || self.arrival.source != Source::Told { Due::IfDifferent } else { Due::AsBefore };
        let link = self.seen(link, &contact, due);
        let conflicts = conflicts.into_iter().map(|clash| self.conflict(&contact, clash, kept)).collect();
        Ok(Applied { before: Some(before), contact, kind, link, conflicts })
    }

    /// Two halves that are good for themselves may make a whole that is not. Its places are those of our form, which the
    /// CRM's record doesn't have.
    fn profile(&self, fields: Fields) -> Result<Profile> {
        fields.into_profile(self.rules).map_err(|error| match error {
            Error::Invalid(faults) => {
                let first = faults.into_iter().next();
                let (code, detail) = first.map_or(("invalid", String::new()), |fault| (fault.code, fault.detail));
                let detail = format!("can't be put together with what is here: a part of it {detail}");
                Error::Invalid(vec![Fault { pointer: String::new(), code, detail }])
            }
            other => other,
        })
    }

    fn conflict(&self, contact: &Contact, clash: Clash, kept: Side) -> Conflict {
        Conflict {
            contact_id: contact.id,
            connection: self.arrival.connection.id.clone(),
            field: clash.field,
            ours: clash.ours,
            theirs: clash.theirs,
            kept,
            occurred_at: self.now,
        }
    }

    /// The link after the record was seen: it is the base now, and if it says what the contact says, both are the same.
    fn seen(&self, link: Link, contact: &Contact, due: Due) -> Link {
        let link = Link {
            remote_id: Some(self.key().to_owned()),
            base: Some(self.record.clone()),
            base_stamp: self.incoming.stamp.or(link.base_stamp),
            ..link
        };
        let crm = self.arrival.crm;
        // What is on its way, and not seen in this record, may arrive yet. Both sides are not the same before that is known, or
        // its echo would be taken for news.
        let told = self.arrival.source == Source::Told;
        let on_its_way = told && link.sending.is_some() && link.state != LinkState::Dead;
        if contact.deleted_at.is_none() && !on_its_way && crm.to_push(contact, self.record, self.rules).is_empty() {
            return link.in_sync(contact.version, self.now);
        }
        // What is due is written to the CRM again; a link whose writing has failed goes on failing.
        let due = due == Due::IfDifferent;
        let state = if due || link.state == LinkState::Synced { LinkState::Pending } else { link.state };
        Link { state, retry_at: if due { Some(self.now) } else { link.retry_at }, ..link }
    }
}

/// When a link that is not in sync is to be written to the CRM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// As it was: whoever changed the contact has seen to it.
    AsBefore,
    /// Now: nobody else will see to it.
    IfDifferent,
}

fn apply(applied: Applied) -> Decision {
    Decision::Apply(Box::new(applied))
}

/// By the CRM's clock, and by its version where the clock doesn't tell and both have one.
fn is_older(stamp: Stamp, seen: Stamp) -> bool {
    let version = || stamp.version.zip(seen.version).is_some_and(|(version, seen)| version < seen);
    stamp.at < seen.at || (stamp.at == seen.at && version())
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
