//! Who sends webhooks: connections, by their ids alone, as an instance remembers them.
//!
//! Every webhook needs its connection before anything else is known of it. What was found is good for a minute, and that
//! there is none for some seconds: a stranger who tries ids gets no further than here.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;

const KNOWN_FOR: Duration = Duration::from_mins(1);
const UNKNOWN_FOR: Duration = Duration::from_secs(5);
const MOST: NonZeroUsize = NonZeroUsize::new(1_000).expect("it is not zero");

/// A connection that may send webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Whose it is.
    pub tenant: String,
    /// Its id.
    pub connection: String,
    /// Which CRM it is an account of.
    pub crm: String,
    /// The name of its secret.
    pub secret: String,
}

/// The connections that were asked for.
#[derive(Debug)]
pub struct Senders(Mutex<LruCache<String, (Instant, Option<Sender>)>>);

impl Senders {
    /// What is known of a connection. The outer `None`: nothing; the inner: that there is none.
    pub fn recall(&self, connection: &str) -> Option<Option<Sender>> {
        let mut memory = self.lock();
        let (at, sender) = memory.get(connection)?;
        let good_for = if sender.is_some() { KNOWN_FOR } else { UNKNOWN_FOR };
        (at.elapsed() < good_for).then(|| sender.clone())
    }

    /// Remembers what was found.
    pub fn remember(&self, connection: &str, sender: Option<&Sender>) {
        self.lock().put(connection.to_owned(), (Instant::now(), sender.cloned()));
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<String, (Instant, Option<Sender>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Senders {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MOST)))
    }
}
