//! Text of a bounded length: trimmed, not blank, without control characters.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reading::{Read, Reading};

/// One line of at most `MAX` characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(String);

/// Text of at most `MAX` characters that may have several lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Note<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// Text that was checked before it was stored.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Note<MAX> {
    /// Text that was checked before it was stored.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Read for Text<MAX> {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        text(value, MAX, char::is_control, reading).map(Self)
    }

    fn is_absent(value: &Value) -> bool {
        is_blank(value)
    }
}

impl<const MAX: usize> Read for Note<MAX> {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        text(value, MAX, is_control_beside_lines, reading).map(Self)
    }

    fn is_absent(value: &Value) -> bool {
        is_blank(value)
    }
}

/// Absent text is absent, not "".
pub(super) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

/// Reads trimmed text of at most `max` characters.
pub(super) fn text(value: Value, max: usize, forbidden: fn(char) -> bool, reading: &mut Reading) -> Option<String> {
    let Value::String(text) = value else {
        return reading.fault("type", "must be a string");
    };
    let trimmed = text.trim();
    let mut whole = true;
    if trimmed.is_empty() {
        whole = reading.fault("blank", "must not be blank").unwrap_or(false);
    }
    if trimmed.chars().any(forbidden) {
        whole = reading.fault("control_character", "must not contain control characters").unwrap_or(false);
    }
    if trimmed.chars().count() > max {
        whole = reading.fault("too_long", format!("must have at most {max} characters")).unwrap_or(false);
    }
    whole.then(|| trimmed.to_owned())
}

/// Line ends and tabs are what makes a text have several lines.
pub(super) fn is_control_beside_lines(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}
