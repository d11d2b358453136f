//! The tags of a contact.

use serde::Serialize;
use serde_json::Value;

use super::reading::{Read, Reading};
use super::text::Text;

pub(super) const MAX: usize = 50;
pub(super) const MAX_LENGTH: usize = 50;

/// At most 50 different tags, in the order they were given.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Tags(Vec<Text<MAX_LENGTH>>);

impl Tags {
    /// Tags that were checked before they were stored.
    pub(crate) fn stored(tags: Vec<String>) -> Self {
        Self(tags.into_iter().map(Text::stored).collect())
    }

    /// The tags.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Text::as_str)
    }
}

impl Read for Tags {
    fn read(value: Value, reading: &mut Reading) -> Option<Self> {
        let Value::Array(elements) = value else {
            return reading.fault("type", "must be an array");
        };
        if elements.len() > MAX {
            return reading.fault("too_many", format!("must have at most {MAX} elements"));
        }
        let mut tags = Vec::with_capacity(elements.len());
        let mut whole = true;
        for (index, element) in elements.into_iter().enumerate() {
            match reading.at(&index.to_string(), |here| Text::read(element, here)) {
                // A tag given twice is there once: tags are a set that keeps its order.
                Some(tag) if tags.contains(&tag) => {}
                Some(tag) => tags.push(tag),
                None => whole = false,
            }
        }
        whole.then_some(Self(tags))
    }
}
