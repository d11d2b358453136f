//! Redis, for what is short-lived. It is never the truth: everything here may fail, and then the caller asks PostgreSQL.

mod connection;
mod contacts;
mod keys;
mod redis;
mod revocations;
mod script;

pub use contacts::{Entry, put, stale};
pub use keys::Keys;
pub use redis::{Away, Redis};
pub use revocations::{Revocation, RevocationAnswer, load, look_up, mark};
pub use script::{Call, Script};

pub use contacts::{read as read_contact, reading as reading_contact};
