//! The crosswalk: which field of a CRM's is which field of ours, there and back without loss.
//!
//! [`Crm`] is the seam. A CRM is a folder here: its table of fields, what is peculiar to it, and one line in [`crm`].

mod acme;
mod crosswalk;
mod incoming;

use serde_json::{Map, Value};

use crate::contact::reading::Rules;
use crate::contact::{Contact, ContactPatch};
use crate::error::Result;

pub use incoming::{Incoming, Stamp};

/// A CRM's record as it came: every member, known to us or not.
pub type Record = Map<String, Value>;

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

    /// What would have to be written to the CRM: the members, whole, that differ from the base, and `null` for those
    /// that go. Empty if there is nothing to push.
    fn changes(&self, contact: &Contact, base: &Record, rules: &Rules) -> Record {
        let record = self.from_contact(contact, Some(base), rules);
        let gone = base.keys().filter(|name| !record.contains_key(*name)).map(|name| (name.clone(), Value::Null));
        let gone: Vec<_> = gone.collect();
        record.into_iter().filter(|(name, value)| base.get(name) != Some(value)).chain(gone).collect()
    }
}

/// The CRM that a connection names; `None` for one we don't know.
pub fn crm(name: &str) -> Option<&'static dyn Crm> {
    match name {
        "acme" => Some(&acme::AcmeCrm),
        _ => None,
    }
}
