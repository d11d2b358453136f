//! What can be done with access tokens (RFC 6749, RFC 7009).

mod address;
mod client;
mod issue;
mod revoke;
mod signing_keys;

pub use address::address_hash;
pub use client::Credentials;
pub use issue::{Granted, issue};
pub use revoke::revoke;
pub use signing_keys::signing_keys;
