//! Who is calling: access tokens, the keys that sign them, client secrets, scopes.

mod account;
mod claims;
mod keys;
mod presented;
mod scope;
mod secret;
mod senders;
mod sign;
mod verify;

pub use account::{Account, AccountAt};
pub use claims::{Caller, Claims};
pub use keys::{RETIRED_AT, SigningKey, SigningKeySecret, VerificationKey, VerificationKeys, public_keys};
pub use presented::{Presented, Refusal};
pub use scope::Scope;
pub use secret::ClientSecret;
pub use senders::{Recalled, Sender, Senders};
pub use sign::{IssuedToken, issue};
pub use verify::Verifier;
