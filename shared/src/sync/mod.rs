//! Between contacts here and records in a CRM: what arrives is decided in [`inbound`], purely, and written by [`put`].

pub mod fields;
mod get;
pub mod inbound;
pub mod merge;
mod put;

pub use get::get;
pub use put::{Put, put};

use crate::error::{Error, Result};
use crate::mapping::{Crm, crm};

/// The CRM that a connection names.
fn crm_of(name: &str) -> Result<&'static dyn Crm> {
    crm(name).ok_or_else(|| Error::internal("read a connection", format!("no CRM is called {name}")))
}
