//! The crosswalk: which field of a CRM's is which field of ours, there and back without loss.
//!
//! [`Crm`] is the seam. A CRM is a folder here: its table of fields, what is peculiar to it, and one line in [`crm`].

mod acme;
mod call;
mod crosswalk;
mod incoming;
mod record;
mod webhook;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use crate::contact::reading::Rules;
use crate::contact::{Contact, ContactPatch};
use crate::error::Result;

pub use call::{Call, Pass, Verb};
pub use incoming::{Incoming, Stamp};
pub use record::{Kept, Record};
pub use webhook::{Announced, Change, Delivery, News};

/// What differs from CRM to CRM in a contact.
pub trait Crm: std::fmt::Debug + Sync {
    /// Reads a whole record. All faults come back together, their pointers in the CRM's own form. Members that the
    /// table does not know are never a fault.
    fn to_contact(&self, record: &Record, rules: &Rules) -> Result<Incoming>;

    /// Reads a part of a record as a change of just the fields it has; `null` removes. Custom fields change one by
    /// one (RFC 7396); an address is one thing and is replaced.
    fn to_patch(&self, part: &Record, rules: &Rules) -> Result<ContactPatch>;

    /// The contact in the CRM's form, over the last record seen: whatever says there what the contact says stays to
    /// the letter, and so does whatever is not ours. Without a base it is a new record, which carries our id.
    #[expect(clippy::wrong_self_convention, reason = "the CRM makes its record from the contact")]
    fn from_contact(&self, contact: &Contact, base: Option<&Record>, rules: &Rules) -> Record;

    /// A record of which nothing is known but its id: a base where none was seen yet.
    fn named(&self, remote_id: &str) -> Record;

    /// Whether a request was signed with one of these secrets, and not long before or after this time.
    fn is_genuine(&self, delivery: &Delivery<'_>, secrets: &[&str], now: Timestamp) -> bool;

    /// What a request is about, and whether it can be worked. It says nothing of the record in it.
    fn announced(&self, body: &[u8], rules: &Rules) -> Announced;

    /// What a request says has happened, in order. All its faults come back together; those of the records in it are found
    /// by [`to_contact`](Self::to_contact).
    fn changes(&self, body: &[u8], rules: &Rules) -> Result<Vec<Change>>;

    /// Asks for a token.
    fn login(&self, username: &str, password: &str) -> Call;

    /// The token that was asked for; `None` if the answer has none.
    fn pass(&self, answer: &Value) -> Option<Pass>;

    /// Asks for a record.
    fn fetch(&self, remote_id: &str) -> Call;

    /// Asks for the record that carries the id of a contact of ours.
    fn find(&self, external_id: Uuid) -> Call;

    /// The records that were sought, none or one unless somebody made more; `None` if the answer is no list.
    fn found(&self, answer: Value, external_id: Uuid) -> Option<Vec<Record>>;

    /// Makes a record.
    fn create(&self, record: Record) -> Call;

    /// Changes some members of a record, if it still has this version.
    fn change(&self, remote_id: &str, part: Record, version: Option<i64>) -> Call;

    /// Deletes a record, if it still has this version.
    fn remove(&self, remote_id: &str, version: Option<i64>) -> Call;

    /// The record in the answer to [`fetch`](Self::fetch), [`create`](Self::create) or [`change`](Self::change); `None` if
    /// there is none in it.
    fn record(&self, answer: Value) -> Option<Record>;

    /// The CRM's count of a record's changes, if it counts.
    fn version(&self, record: &Record) -> Option<i64>;

    /// What would have to be written to the CRM: the members, whole, that differ from the base, and `null` for those
    /// that go. Empty if there is nothing to push.
    fn to_push(&self, contact: &Contact, base: &Record, rules: &Rules) -> Record {
        let record = self.from_contact(contact, Some(base), rules);
        let gone = base.keys().filter(|name| !record.contains_key(*name)).map(|name| (name.clone(), Value::Null));
        let gone: Vec<_> = gone.collect();
        record.into_iter().filter(|(name, value)| base.get(name) != Some(value)).chain(gone).collect()
    }
}

/// Checks a request's signature for no connection. Its result means nothing; it takes the time of one check.
pub fn check_for_nobody(delivery: &Delivery<'_>, now: Timestamp) {
    acme::AcmeCrm.is_genuine(delivery, &["the secret of no connection"], now);
}

/// The CRM that a connection names; `None` for one we don't know.
pub fn crm(name: &str) -> Option<&'static dyn Crm> {
    match name {
        "acme" => Some(&acme::AcmeCrm),
        _ => None,
    }
}
