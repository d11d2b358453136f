//! Where a contact stands.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::reading::{Read, Reading};

/// Where a contact stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words say it")]
pub enum Status {
    #[default]
    Active,
    Inactive,
    Lead,
}

impl Status {
    /// The word for it, in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Lead => "lead",
        }
    }

    /// The status that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Active, Self::Inactive, Self::Lead].into_iter().find(|status| status.as_str() == word)
    }
}

impl Read for Status {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let Value::String(word) = value else {
            return reading.fault("type", "must be a string");
        };
        match Self::from_word(&word) {
            Some(status) => Some(status),
            None => reading.fault("invalid", "must be active, inactive or lead"),
        }
    }
}
