//! What a transaction works on: contacts and links as they are once all that was decided so far is done. Several news of one
//! contact fold into it one after the other.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::arrival::{Applied, Arrival, Decision, Known, Tells};
use super::inbound::decide;
use crate::contact::reading::Rules;
use crate::contact::{Contact, RemoteKey};
use crate::db::contacts::Writes;
use crate::db::links::{Link, Tied, Tombstone};
use crate::error::Result;
use crate::events::{ContactEvent, Kind, Origin};

/// A contact and the CRM account that it is tied to.
type Pair = (Uuid, String);

/// What a tenant has of what a transaction works on.
#[derive(Debug, Default)]
pub(super) struct Scene {
    contacts: HashMap<Uuid, Contact>,
    /// By its link, or because the record names it.
    contact_of: HashMap<RemoteKey, Uuid>,
    links: BTreeMap<Pair, Link>,
    changed_at: HashMap<Pair, Timestamp>,
    deleted_at: HashMap<RemoteKey, Timestamp>,
    touched: HashSet<Pair>,
    writes: Writes,
}

/// What came of news.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The contact changed so.
    Changed(Contact, Kind),
    /// No contact changed. This is the one that it is about, if there is one.
    Unchanged(Option<Contact>),
}

impl Scene {
    /// Adds what was found of a record. What is past its retention is not brought back: the record is that of a new contact.
    pub(super) fn add(&mut self, key: &RemoteKey, contact: Option<Contact>, tied: Tied, retention: Duration) {
        self.deleted_at.extend(tied.deleted_at.map(|at| (key.clone(), at)));
        let Some(contact) = contact else { return };
        let pair = (contact.id, key.connection.clone());
        if contact.is_gone(retention) {
            if tied.link.is_some_and(|link| link.remote_id.as_ref() == Some(&key.remote_id))
                && !self.writes.untied.contains(&pair)
            {
                self.writes.untied.push(pair);
            }
            return;
        }
        self.contact_of.insert(key.clone(), contact.id);
        self.add_contact(contact, &key.connection, tied);
    }

    /// Adds what was found of a contact and a connection.
    pub(super) fn add_contact(&mut self, contact: Contact, connection: &str, tied: Tied) {
        let pair = (contact.id, connection.to_owned());
        self.changed_at.extend(tied.changed_at.map(|at| (pair.clone(), at)));
        self.links.extend(tied.link.map(|link| (pair, link)));
        self.contacts.insert(contact.id, contact);
    }

    /// A contact and its link, as they are.
    pub(super) fn pair(&self, contact: Uuid, connection: &str) -> (Option<&Contact>, Option<&Link>) {
        (self.contacts.get(&contact), self.links.get(&(contact, connection.to_owned())))
    }

    /// The contact that a record is linked to.
    pub(super) fn contact_of(&self, key: &RemoteKey) -> Option<Uuid> {
        self.contact_of.get(key).copied()
    }

    /// Puts a link in its place, as it is to be.
    pub(super) fn put(&mut self, link: Link) {
        let pair = (link.contact_id, link.connection.clone());
        self.touched.insert(pair.clone());
        self.links.insert(pair, link);
    }

    /// Notes that a record is gone.
    pub(super) fn bury(&mut self, key: RemoteKey, deleted_at: Timestamp) {
        let known = self.deleted_at.entry(key.clone()).or_insert(deleted_at);
        *known = deleted_at.max(*known);
        self.writes.tombstones.push(Tombstone { key, deleted_at });
    }

    /// Decides what news mean, and goes on from there.
    pub(super) fn tell(&mut self, arrival: &Arrival<'_>, now: Timestamp, rules: &Rules) -> Result<Outcome> {
        let applied = match decide(arrival, self.known(&arrival.key), now, rules)? {
            Decision::Nothing(contact) => {
                self.bury_told(arrival);
                return Ok(Outcome::Unchanged(contact.map(|contact| *contact)));
            }
            Decision::Apply(applied) => *applied,
        };
        self.bury_told(arrival);
        Ok(self.apply(arrival, applied))
    }

    /// What is to be written.
    pub(super) fn writes(mut self) -> Writes {
        let links = self.links.into_iter().filter(|(pair, _)| self.touched.contains(pair));
        self.writes.links = links.map(|(_, link)| link).collect();
        self.writes
    }

    fn known(&self, key: &RemoteKey) -> Known {
        let deleted_at = self.deleted_at.get(key).copied();
        let Some(id) = self.contact_of.get(key) else { return Known { deleted_at, ..Known::default() } };
        let pair = (*id, key.connection.clone());
        Known {
            contact: self.contacts.get(id).cloned(),
            link: self.links.get(&pair).cloned(),
            changed_at: self.changed_at.get(&pair).copied(),
            deleted_at,
        }
    }

    fn bury_told(&mut self, arrival: &Arrival<'_>) {
        if let Tells::Deleted(at) = arrival.tells {
            self.bury(arrival.key.clone(), at);
        }
    }

    fn apply(&mut self, arrival: &Arrival<'_>, applied: Applied) -> Outcome {
        let Applied { before, contact, kind, link, conflicts } = applied;
        self.writes.conflicts.extend(conflicts);
        self.contact_of.insert(arrival.key.clone(), contact.id);
        self.put(link);
        self.contacts.insert(contact.id, contact.clone());
        let Some(kind) = kind else { return Outcome::Unchanged(Some(contact)) };
        self.changed_by(&arrival.key.connection, &contact);
        let origin = Origin::Connection { connection: arrival.key.connection.clone() };
        let event = ContactEvent::of(kind, before.as_ref(), &contact, origin, arrival.traceparent.clone());
        self.writes.contacts.push((contact.clone(), event));
        Outcome::Changed(contact, kind)
    }

    /// For every other connection, somebody else has changed the contact just now.
    fn changed_by(&mut self, connection: &str, contact: &Contact) {
        let all = self.links.range((contact.id, String::new())..).take_while(|((id, _), _)| *id == contact.id);
        let others = all.map(|(pair, _)| pair).filter(|(_, other)| other != connection);
        self.changed_at.extend(others.map(|pair| (pair.clone(), contact.updated_at)));
    }
}
