//! Time as the CRM tells it: RFC 3339 in UTC, to the microsecond.

use jiff::{SignedDuration, Timestamp};

/// Now, or a microsecond after the moment given if that is later: what happens to a record happens after what happened
/// to it before, even within one microsecond or when the clock is set back.
pub(crate) fn after(before: Option<Timestamp>) -> Timestamp {
    let now = Timestamp::now();
    let next = before.and_then(|before| before.checked_add(SignedDuration::from_micros(1)).ok());
    next.map_or(now, |next| next.max(now))
}

/// As text.
pub(crate) fn text(moment: Timestamp) -> String {
    format!("{moment:.6}")
}

/// From text.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
