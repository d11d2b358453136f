//! A batch as it is read: each item by itself, so that a faulty one doesn't spoil the others.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::contact::reading::{Read, Reading};
use crate::contact::{NewContact, RemoteKey, Text};
use crate::db::contacts::Sought;
use crate::error::Fault;

/// Contacts to be made or replaced.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The items, or what is wrong with them.
    pub items: Vec<Result<Item, Vec<Fault>>>,
    /// Whether all of it is to be done or nothing.
    pub atomic: bool,
}

/// A contact, and which one it is to replace.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Which.
    pub target: Target,
    /// By what.
    pub new: NewContact,
}

/// Which contact an item is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One that is not there yet.
    New,
    /// This one. What can't be one of our ids names no contact.
    Contact(Result<Uuid, String>),
    /// The one that is linked to this record; if there is none, a new one that is.
    Remote(RemoteKey),
}

impl Batch {
    /// A batch has at most so many items.
    pub const MAX_ITEMS: usize = 500;

    /// What it takes from the client's quota: as much as its items would take one by one, faulty ones included.
    pub fn cost(&self) -> u32 {
        u32::try_from(self.items.len()).unwrap_or(u32::MAX).max(1)
    }

    /// The items that could be read.
    pub(super) fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter_map(|item| item.as_ref().ok())
    }
}

impl Target {
    /// The record that it names.
    pub(super) fn record(&self) -> Option<&RemoteKey> {
        if let Self::Remote(key) = self { Some(key) } else { None }
    }

    /// What to look for.
    pub(super) fn sought<'a>(&'a self, tenant: &'a str) -> Option<Sought<'a>> {
        match self {
            Self::New | Self::Contact(Err(_)) => None,
            Self::Contact(Ok(id)) => Some(Sought { tenant, id: Some(*id), remote: None }),
            Self::Remote(key) => Some(Sought { tenant, id: None, remote: Some(key) }),
        }
    }
}

impl Read for Batch {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let mut members = reading.object(value)?;
        let items = reading.required(&mut members, "items");
        let atomic = reading.optional(&mut members, "atomic");
        reading.finish(&members);
        let Items(items) = items?;
        Some(Self { items, atomic: atomic?.unwrap_or_default() })
    }
}

struct Items(Vec<Result<Item, Vec<Fault>>>);

impl Read for Items {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let Value::Array(items) = value else {
            return reading.fault("type", "must be an array");
        };
        if items.len() > Batch::MAX_ITEMS {
            return reading.fault("too_many", format!("must have at most {} elements", Batch::MAX_ITEMS));
        }
        let one = |(index, item): (usize, Value)| {
            reading.at(&index.to_string(), |here| here.apart(|own| Item::read(item, own)))
        };
        Some(Self(items.into_iter().enumerate().map(one).collect()))
    }
}

impl Read for Item {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let mut members = reading.object(value)?;
        let target = target(&mut members, reading);
        let new = NewContact::read(Value::Object(members), reading);
        Some(Self { target: target?, new: new? })
    }
}

fn target(members: &mut Map<String, Value>, reading: &mut Reading) -> Option<Target> {
    let id = reading.optional::<Text<64>>(members, "id");
    let connection = reading.optional::<Text<64>>(members, "connection");
    let remote_id = reading.optional::<Text<200>>(members, "remoteId");
    match (id?, connection?, remote_id?) {
        (None, None, None) => Some(Target::New),
        (Some(id), None, None) => {
            let given = id.as_str();
            let ours = Uuid::try_parse(given).ok().filter(|id| id.to_string() == given);
            Some(Target::Contact(ours.ok_or_else(|| given.to_owned())))
        }
        (None, Some(connection), Some(remote_id)) => Some(Target::Remote(RemoteKey {
            connection: connection.as_str().to_owned(),
            remote_id: remote_id.as_str().to_owned(),
        })),
        (Some(_), ..) => {
            reading.fault("invalid", "must name a contact by id or by connection and remoteId, not by both")
        }
        (None, ..) => reading.fault("required", "must have connection and remoteId together"),
    }
}
