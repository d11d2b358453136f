//! Times as they come from outside.

use jiff::Timestamp;
use serde_json::Value;

use super::reading::{Read, Reading};

/// The first moment that PostgreSQL and every JSON reader agree on: the year 1.
const FIRST: &str = "0001-01-01T00:00:00Z";

/// A time in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Timestamp);

impl Read for Time {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        match value.as_str().map(rfc3339) {
            Some(Some(time)) => Some(Self(time)),
            Some(None) => reading.fault("invalid", "must be a time such as 2026-01-31T12:00:00Z"),
            None => reading.fault("type", "must be a string"),
        }
    }
}

/// Reads a time in the form of RFC 3339, section 5.6. The reader below knows more forms, and years that can't be stored.
pub fn rfc3339(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let four_digit_year = bytes.len() >= 20 && bytes[..4].iter().all(u8::is_ascii_digit);
    let separated = four_digit_year && bytes[4] == b'-' && bytes[7] == b'-' && matches!(bytes[10], b'T' | b't' | b' ');
    let colons = separated && bytes[13] == b':' && bytes[16] == b':';
    let first: Timestamp = FIRST.parse().ok()?;
    if !colons || text.contains('[') {
        return None;
    }
    text.parse().ok().filter(|time| *time >= first)
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn a_time_is_read_in_the_standards_form() {
        let noon = rfc3339("2026-01-31T12:00:00Z").unwrap();
        for same in ["2026-01-31t12:00:00z", "2026-01-31 12:00:00Z", "2026-01-31T13:30:00.000+01:30"] {
            assert_eq!(rfc3339(same), Some(noon), "{same}");
        }
        assert!(rfc3339("9999-12-30T21:59:59.999999Z").is_some());
        assert!(rfc3339("0001-01-01T00:00:00Z").is_some());
    }

    #[test]
    fn nothing_else_is() {
        for other in [
            "",
            "yesterday",
            "2026-01-31",
            "2026-01-31T12:00:00",
            "20260131T120000Z",
            "2026-01-31T12Z",
            "2026-13-31T12:00:00Z",
            "2026-01-31T12:00:00Z[UTC]",
            "2026-01-31T12:00:00+01:00[Europe/Paris]",
            "-005000-01-01T00:00:00Z",
            "+012026-01-31T12:00:00Z",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+10:00",
            "2026-01-31T12:00:00Z ",
            "２０２６-01-31T12:00:00Z",
        ] {
            assert_eq!(rfc3339(other), None, "{other}");
        }
    }
}
