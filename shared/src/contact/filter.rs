//! What a list of contacts can be narrowed by, and sorted by.

use jiff::Timestamp;
use serde::Serialize;

use super::{Contact, Email, Status, Text, tags};

/// Which contacts: those of which everything given here is true.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Filter {
    /// Those with this status.
    pub status: Option<Status>,
    /// Those with this address.
    pub email: Option<Email>,
    /// Those of this company, to the letter.
    pub company: Option<Text<200>>,
    /// Those with this tag.
    pub tag: Option<Text<{ tags::MAX_LENGTH }>>,
    /// The one that is linked to this record.
    pub remote: Option<RemoteKey>,
    /// Those made in this time.
    pub created: Between,
    /// Those last changed in this time.
    pub updated: Between,
    /// Those that have this text in their names, email or company, in whatever case.
    pub text: Option<String>,
    /// Whether deleted ones are among them.
    pub deleted: bool,
}

/// A record in a CRM.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct RemoteKey {
    pub connection: String,
    pub remote_id: String,
}

/// A stretch of time, its ends not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Between {
    pub after: Option<Timestamp>,
    pub before: Option<Timestamp>,
}

/// What a list is sorted by. None of it is ever absent, and where it is equal the id decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum SortKey {
    CreatedAt,
    UpdatedAt,
    LastName,
    Email,
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Sort {
    pub key: SortKey,
    pub descending: bool,
}

impl Filter {
    /// The least text that can be looked for: shorter ones are nearly everywhere.
    pub const MIN_TEXT: usize = 3;
    /// The longest: no name, address and company together have more.
    pub const MAX_TEXT: usize = 500;
}

impl SortKey {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::CreatedAt, Self::UpdatedAt, Self::LastName, Self::Email];

    /// The member of a contact that it is.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreatedAt => "createdAt",
            Self::UpdatedAt => "updatedAt",
            Self::LastName => "lastName",
            Self::Email => "email",
        }
    }

    /// Whether it is a time; else it is text.
    pub fn is_time(self) -> bool {
        matches!(self, Self::CreatedAt | Self::UpdatedAt)
    }

    /// What a contact has there.
    pub fn of(self, contact: &Contact) -> String {
        match self {
            Self::CreatedAt => contact.created_at.to_string(),
            Self::UpdatedAt => contact.updated_at.to_string(),
            Self::LastName => contact.profile.last_name.as_str().to_owned(),
            Self::Email => contact.profile.email.as_str().to_owned(),
        }
    }
}

impl Sort {
    /// The oldest first: what is made while somebody walks through the list comes at its end.
    pub const OLDEST_FIRST: Self = Self { key: SortKey::CreatedAt, descending: false };
    /// The newest first.
    pub const NEWEST_FIRST: Self = Self { key: SortKey::CreatedAt, descending: true };

    /// `lastName`, or `-lastName` for the other direction.
    pub fn from_word(word: &str) -> Option<Self> {
        let name = word.strip_prefix('-');
        let key = SortKey::ALL.into_iter().find(|key| key.as_str() == name.unwrap_or(word))?;
        Some(Self { key, descending: name.is_some() })
    }
}
