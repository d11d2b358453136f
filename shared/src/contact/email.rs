//! An email address, internationalised ones (RFC 6531) included.

use email_address::{EmailAddress, Options};
use serde::Serialize;
use serde_json::Value;

use super::reading::{Read, Reading};
use super::text::{is_blank, text};

/// At most this many characters (RFC 5321, section 4.5.3.1, less the angle brackets).
pub(super) const MAX: usize = 254;

/// An email address whose domain is in lower case: domains compare without case, local parts do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// An address that was checked before it was stored.
    pub(crate) fn stored(address: String) -> Self {
        Self(address)
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Read for Email {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let address = text(value, MAX, char::is_control, reading)?;
        let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
        let kept = EmailAddress::parse_with_options(&address, options)
            .map(|parsed| format!("{}@{}", parsed.local_part(), parsed.domain().to_lowercase()))
            .ok()
            // A few letters have no lower case that may stand in a domain; what we give out must be taken back.
            .filter(|kept| EmailAddress::parse_with_options(kept, options).is_ok());
        match kept {
            Some(address) => Some(Self(address)),
            None => reading.fault("invalid", "must be an email address"),
        }
    }

    fn is_absent(value: &Value) -> bool {
        is_blank(value)
    }
}
