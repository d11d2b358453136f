//! What a list of webhooks can be narrowed by.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::contact::Between;
use crate::contact::reading::{Read, Reading};

/// Which webhooks: those of which everything given here is true.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Filter {
    /// Those in this state.
    pub state: Option<State>,
    /// Those of this type.
    pub kind: Option<String>,
    /// Those of this connection.
    pub connection: Option<String>,
    /// Those that tell of this record of the connection.
    pub remote_id: Option<String>,
    /// Those received in this time.
    pub received: Between,
}

/// What became of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is still to be worked.
    Received,
    /// It was, and changed something.
    Processed,
    /// It was, and there was nothing to change.
    Unchanged,
    /// It never will be, unless it is replayed.
    Dead,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Received, Self::Processed, Self::Unchanged, Self::Dead];

    /// The word for it, in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Processed => "processed",
            Self::Unchanged => "unchanged",
            Self::Dead => "dead",
        }
    }

    /// The state that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

impl Read for State {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let Value::String(word) = value else {
            return reading.fault("type", "must be a string");
        };
        match Self::from_word(&word) {
            Some(state) => Some(state),
            None => reading.fault("invalid", "must be received, processed, unchanged or dead"),
        }
    }
}
