//! Which connections an instance had work for lately. While there are several, none may take much of an invocation: the
//! records of the others wait behind it on the topic, where an instance cannot see them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Moment;

/// After this time without work a connection is no longer considered to be waiting.
const MEMORY: Duration = Duration::from_mins(1);

/// The connections, by tenant and id, each with the moment of its last work.
#[derive(Debug, Default)]
pub(super) struct RecentConnections(Mutex<BTreeMap<(String, String), Moment>>);

impl RecentConnections {
    /// Notes the connections of a batch.
    pub(super) fn note<'a>(&self, places: impl Iterator<Item = &'a (String, String)>) {
        let mut recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|_, moment| moment.elapsed() < MEMORY);
        recent.extend(places.map(|place| (place.clone(), Moment::now())));
    }

    /// Whether there was work for another connection lately.
    pub(super) fn has_other(&self, place: &(String, String)) -> bool {
        let recent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().any(|(other, moment)| other != place && moment.elapsed() < MEMORY)
    }
}

#[cfg(test)]
mod tests {
    use super::RecentConnections;

    #[test]
    fn a_connection_alone_has_no_other() {
        let place = |id: &str| ("tn_one".to_owned(), id.to_owned());
        let recent = RecentConnections::default();
        recent.note([place("cn_a")].iter());
        assert!(!recent.has_other(&place("cn_a")));
        assert!(recent.has_other(&place("cn_b")));
        recent.note([place("cn_b")].iter());
        assert!(recent.has_other(&place("cn_a")));
    }
}
