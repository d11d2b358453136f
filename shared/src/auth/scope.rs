//! What a token reaches.

use std::str::FromStr;

/// One right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Scope {
    ContactsRead,
    ContactsWrite,
    WebhooksRead,
    WebhooksWrite,
    SyncRead,
    SyncWrite,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::ContactsRead,
        Self::ContactsWrite,
        Self::WebhooksRead,
        Self::WebhooksWrite,
        Self::SyncRead,
        Self::SyncWrite,
    ];

    /// The word for it in tokens and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ContactsRead => "contacts:read",
            Self::ContactsWrite => "contacts:write",
            Self::WebhooksRead => "webhooks:read",
            Self::WebhooksWrite => "webhooks:write",
            Self::SyncRead => "sync:read",
            Self::SyncWrite => "sync:write",
        }
    }
}

impl FromStr for Scope {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word).ok_or(())
    }
}
