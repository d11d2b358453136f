//! Who sends webhooks: connections, by their ids alone, as an instance remembers them.
//!
//! Every webhook needs its connection before anything else is known of it. What was found is good for a minute, and
//! that there is none for some seconds. Unknown ids are remembered apart, so that a stranger who tries ids cannot
//! displace known connections.

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
pub struct Senders(Mutex<Memory>);

#[derive(Debug)]
struct Memory {
    known: LruCache<String, (Instant, Sender)>,
    unknown: LruCache<String, Instant>,
}

/// What is remembered of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recalled {
    /// It is this one.
    Known(Sender),
    /// There is none with this id.
    Unknown,
    /// There was one, a while ago.
    Expired,
    /// Nothing.
    Never,
}

impl Senders {
    /// What is remembered of a connection.
    pub fn recall(&self, connection: &str) -> Recalled {
        let mut memory = self.lock();
        if let Some((at, sender)) = memory.known.get(connection) {
            return if at.elapsed() < KNOWN_FOR { Recalled::Known(sender.clone()) } else { Recalled::Expired };
        }
        match memory.unknown.get(connection) {
            Some(at) if at.elapsed() < UNKNOWN_FOR => Recalled::Unknown,
            _ => Recalled::Never,
        }
    }

    /// Remembers what was found.
    pub fn remember(&self, connection: &str, sender: Option<&Sender>) {
        let (id, now, mut memory) = (connection.to_owned(), Instant::now(), self.lock());
        if let Some(sender) = sender {
            memory.unknown.pop(connection);
            memory.known.put(id, (now, sender.clone()));
        } else {
            memory.known.pop(connection);
            memory.unknown.put(id, now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Senders {
    fn default() -> Self {
        Self(Mutex::new(Memory { known: LruCache::new(MOST), unknown: LruCache::new(MOST) }))
    }
}

#[cfg(test)]
mod tests {
    use super::{Recalled, Sender, Senders};

    #[test]
    fn unknown_ids_do_not_displace_known_connections() {
        let senders = Senders::default();
        let [tenant, connection, crm, secret] = ["tn_a", "cn_a", "crm", "secret"].map(str::to_owned);
        let sender = Sender { tenant, connection, crm, secret };
        senders.remember("cn_a", Some(&sender));
        for number in 0..5_000 {
            senders.remember(&format!("cn_{number}"), None);
        }
        assert_eq!(senders.recall("cn_a"), Recalled::Known(sender));
        assert_eq!((senders.recall("cn_4999"), senders.recall("cn_0")), (Recalled::Unknown, Recalled::Never));
        senders.remember("cn_a", None);
        assert_eq!(senders.recall("cn_a"), Recalled::Unknown, "it was removed");
    }
}
