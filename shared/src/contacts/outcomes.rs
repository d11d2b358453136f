//! What becomes of the items of a batch, once what they are about has been found and locked.

use std::collections::BTreeSet;
use std::time::Duration;
use std::vec::IntoIter;

use uuid::Uuid;

use super::batch::{Item, Target};
use super::change::check_version;
use super::origin;
use crate::auth::Caller;
use crate::contact::{Contact, NewContact, RemoteKey};
use crate::db::contacts::{Located, Writes};
use crate::db::links::Link;
use crate::error::{Error, Fault, Result};
use crate::events::{ContactEvent, Kind};

/// What became of an item.
pub type Outcome = Result<Upserted>;

/// A contact that was made or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upserted {
    /// Its id.
    pub id: Uuid,
    /// Its version now.
    pub version: i32,
    /// Whether it is new.
    pub created: bool,
}

/// The deciding of one batch.
struct Deciding<'a> {
    caller: &'a Caller,
    retention: Duration,
    /// What was found for each item that names a contact, in their order.
    located: IntoIter<Located>,
    contacts: BTreeSet<Uuid>,
    records: BTreeSet<&'a RemoteKey>,
    writes: Writes,
}

/// What becomes of each item, and what is to be written for it.
pub(super) fn decide<'a>(
    caller: &'a Caller,
    items: impl Iterator<Item = &'a Result<Item, Vec<Fault>>>,
    located: Vec<Located>,
    retention: Duration,
) -> (Vec<Outcome>, Writes) {
    let (contacts, records, writes) = (BTreeSet::new(), BTreeSet::new(), Writes::default());
    let mut deciding = Deciding { caller, retention, located: located.into_iter(), contacts, records, writes };
    let decide = |(index, item): (usize, &'a Result<Item, Vec<Fault>>)| match item {
        Ok(item) => deciding.item(index, item),
        Err(faults) => Err(Error::Invalid(faults.clone())),
    };
    let outcomes = items.enumerate().map(decide).collect();
    (outcomes, deciding.writes)
}

impl<'a> Deciding<'a> {
    fn item(&mut self, index: usize, item: &'a Item) -> Outcome {
        let id = match &item.target {
            Target::New => return Ok(self.create(&item.new)),
            Target::Contact(Err(given)) => return Err(Error::ContactNotFound(given.clone())),
            Target::Contact(Ok(id)) => Some(*id),
            Target::Remote(_) => None,
        };
        let located = self.located.next().ok_or_else(|| Error::internal("decide an item", "it was not sought"))?;
        if let Target::Remote(key) = &item.target {
            if !located.connected {
                return Err(Error::ConnectionNotFound(key.connection.clone()));
            }
            if !self.records.insert(key) {
                return Err(twice(index));
            }
        }
        match (located.contact, &item.target) {
            (Some(contact), target) if contact.is_gone(self.retention) => match target.record() {
                Some(key) => {
                    let created = self.create_linked(key, &item.new)?;
                    self.writes.untied.push((contact.id, key.connection.clone()));
                    Ok(created)
                }
                None => Err(Error::ContactNotFound(contact.id.to_string())),
            },
            (Some(contact), _) if !self.contacts.insert(contact.id) => Err(twice(index)),
            (Some(contact), _) => self.replace(&contact, &item.new),
            (None, Target::Remote(key)) => self.create_linked(key, &item.new),
            (None, _) => Err(Error::ContactNotFound(id.map(|id| id.to_string()).unwrap_or_default())),
        }
    }

    /// A contact for a record that has none. Who names a version means to replace something.
    fn create_linked(&mut self, key: &RemoteKey, new: &NewContact) -> Outcome {
        if new.version.is_some() {
            return Err(Error::RecordNotFound(key.remote_id.clone()));
        }
        let created = self.create(new);
        self.writes.links.push(Link::new(created.id, key.clone()));
        Ok(created)
    }

    fn create(&mut self, new: &NewContact) -> Upserted {
        let contact = Contact::create(new.profile.clone());
        let upserted = Upserted { id: contact.id, version: contact.version, created: true };
        self.write(Kind::Created, None, contact);
        upserted
    }

    fn replace(&mut self, before: &Contact, new: &NewContact) -> Outcome {
        if before.deleted_at.is_some() {
            return Err(Error::ContactDeleted(before.id));
        }
        check_version(new.version, before.version)?;
        let Some(after) = before.with_profile(new.profile.clone()) else {
            return Ok(Upserted { id: before.id, version: before.version, created: false });
        };
        let upserted = Upserted { id: after.id, version: after.version, created: false };
        self.write(Kind::Updated, Some(before), after);
        Ok(upserted)
    }

    fn write(&mut self, kind: Kind, before: Option<&Contact>, after: Contact) {
        let event = ContactEvent::of(kind, before, &after, origin(self.caller), self.caller.traceparent.clone());
        self.writes.contacts.push((after, event));
    }
}

fn twice(index: usize) -> Error {
    let detail = "is about a contact that an earlier item is about".to_owned();
    Error::Invalid(vec![Fault { pointer: format!("/items/{index}"), code: "duplicate", detail }])
}
