//! What arrives, what is known of it here, and what is decided.

use jiff::{SignedDuration, Timestamp};

use crate::contact::reading::{Rules, read};
use crate::contact::{Contact, RemoteKey};
use crate::db::connections::{Connection, Policy};
use crate::db::links::{Conflict, Link, Side};
use crate::error::{Error, Fault, Result};
use crate::events::Kind;
use crate::mapping::{Change, Crm, Incoming, Kept, News, Record};
use crate::telemetry::TraceParent;

use super::crm_of;

/// A CRM's clock may be so much ahead of ours.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// News of a record, read and ready to be decided.
#[derive(Debug, Clone)]
pub struct Arrival<'a> {
    /// Whose.
    pub tenant: &'a str,
    /// Where from.
    pub connection: &'a Connection,
    /// Of which record.
    pub key: RemoteKey,
    /// What is told.
    pub tells: Tells,
    /// How it is read.
    pub crm: &'static dyn Crm,
    /// How it came here.
    pub source: Source,
    /// The trace it belongs to.
    pub traceparent: Option<TraceParent>,
}

/// What is told of a record.
#[derive(Debug, Clone)]
pub enum Tells {
    /// It is this.
    Is {
        /// As it came.
        record: Record,
        /// As it was read.
        incoming: Box<Incoming>,
    },
    /// It was deleted, at this time by the CRM's clock.
    Deleted(Timestamp),
}

/// How a record came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The CRM told it, or somebody in its place.
    Told,
    /// It answers our writing of this version of the contact, which is in it.
    Answer(i32),
    /// We asked for it.
    Asked,
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
    /// When the record had been deleted, by the CRM's clock.
    pub deleted_at: Option<Timestamp>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Nothing: it is older than what was last seen of it, or a deletion of what is not here.
    Nothing(Option<Box<Contact>>),
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

impl<'a> Arrival<'a> {
    /// A change of a record, read. All faults of the record come back together.
    pub fn of(tenant: &'a str, connection: &'a Connection, change: Change, rules: &Rules) -> Result<Self> {
        let crm = crm_of(&connection.crm)?;
        let tells = match change.news {
            News::Deleted(at) => Tells::Deleted(at),
            News::Is { record, told_at } => {
                // What came by HTTP was refused there if it can't be kept; this may come from anywhere.
                let Kept(record) = read(record.into(), rules)?;
                let mut incoming = crm.to_contact(&record, rules)?;
                if let (None, Some(at)) = (incoming.stamp, told_at) {
                    incoming.stamp = Some(crate::mapping::Stamp { at, version: None });
                }
                Tells::Is { record, incoming: Box::new(incoming) }
            }
        };
        let key = RemoteKey { connection: connection.id.clone(), remote_id: change.remote_id };
        Ok(Self { tenant, connection, key, tells, crm, source: Source::Told, traceparent: None })
    }

    /// The same, come by another way.
    #[must_use]
    pub fn by(self, source: Source) -> Self {
        Self { source, ..self }
    }

    /// The same, in a trace.
    #[must_use]
    pub fn within(self, traceparent: Option<TraceParent>) -> Self {
        Self { traceparent, ..self }
    }

    /// The contact of ours that the record names.
    pub(super) fn external_id(&self) -> Option<uuid::Uuid> {
        match &self.tells {
            Tells::Is { incoming, .. } => incoming.external_id,
            Tells::Deleted(_) => None,
        }
    }

    /// When it happened, by the CRM's clock, if it says so.
    pub(super) fn at(&self) -> Option<Timestamp> {
        match &self.tells {
            Tells::Is { incoming, .. } => incoming.stamp.map(|stamp| stamp.at),
            Tells::Deleted(at) => Some(*at),
        }
    }

    /// Whose change is kept where both sides have one. Ours was made at this time: not when the contact last changed, which
    /// may have been by a change of theirs.
    pub(super) fn whose(&self, changed_at: Timestamp) -> Side {
        match self.connection.policy {
            Policy::CrmWins => Side::Theirs,
            // What says no time happened just now.
            Policy::NewestWins if self.at().is_none_or(|at| at >= changed_at) => Side::Theirs,
            Policy::LocalWins | Policy::NewestWins => Side::Ours,
        }
    }

    /// Refuses what happened in the future: it would be newer than everything that happens until then.
    pub(super) fn is_due(&self, now: Timestamp) -> Result<()> {
        if self.at().is_none_or(|at| at <= now + AHEAD) {
            return Ok(());
        }
        let detail = "was changed at a time that is more than five minutes ahead".to_owned();
        Err(Error::Invalid(vec![Fault { pointer: String::new(), code: "in_future", detail }]))
    }
}
