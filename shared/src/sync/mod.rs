//! Between contacts here and records in a CRM: what arrives is decided in [`inbound`], purely, and applied by
//! [`decide_all`], many at once or one.

mod apply;
pub mod arrival;
mod conflicts;
mod consume;
mod deletion;
mod echo;
mod failures;
pub mod fields;
mod get;
pub mod inbound;
pub mod merge;
mod push;
mod put;
mod scene;

pub use apply::{ChangedContacts, Pending, decide_all};
pub use arrival::Arrival;
pub use conflicts::{ConflictListing, list_conflicts};
pub use consume::consume;
pub use failures::{FailureListing, list_failures, replay_failure};
pub use get::get;
pub use push::{Pushed, Pusher};
pub use put::{Put, put};
pub use scene::Outcome;

use crate::error::{Error, Result};
use crate::mapping::{Crm, crm};

/// The CRM that a connection names.
fn crm_of(name: &str) -> Result<&'static dyn Crm> {
    crm(name).ok_or_else(|| Error::internal("read a connection", format!("no CRM is called {name}")))
}
