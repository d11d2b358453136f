//! What a function asks of its stores, written down at the wire and played again by a bare client: the floor of a request.
//! The same commands in the same order, as many at once as the function sent, and nothing around them.

mod postgresql;
mod recorder;
mod replay;
mod resp;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

pub use postgresql::Query;
pub use recorder::Recorder;
pub use replay::Player;

/// A command of Redis: its words.
pub type Command = Vec<Bytes>;

/// What is sent before the next answer is waited for.
#[derive(Debug, Default, Clone)]
pub struct Trip {
    /// To Redis.
    pub redis: Vec<Command>,
    /// To PostgreSQL.
    pub sql: Vec<Query>,
}

/// A tape that recorders write on. Clones are handles to the same one.
#[derive(Debug, Clone, Default)]
pub struct Tape(Arc<Mutex<Written>>);

#[derive(Debug, Default)]
struct Written {
    trips: Vec<Trip>,
    /// Whether the last trip's messages to each store were answered.
    answered: [bool; 2],
}

/// A store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// Redis.
    Redis,
    /// PostgreSQL.
    PostgreSql,
}

impl Tape {
    /// All that was written since this was last called.
    pub fn take(&self) -> Vec<Trip> {
        std::mem::take(&mut self.written().trips)
    }

    fn ask_redis(&self, command: Command) {
        self.written().trip(Store::Redis).redis.push(command);
    }

    fn ask_postgresql(&self, query: Query) {
        self.written().trip(Store::PostgreSql).sql.push(query);
    }

    fn answer(&self, store: Store) {
        self.written().answered[store as usize] = true;
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Written {
    /// The trip that a message belongs to: the last, unless it was answered.
    fn trip(&mut self, store: Store) -> &mut Trip {
        let of = |trip: &Trip, store| if store == Store::Redis { trip.redis.is_empty() } else { trip.sql.is_empty() };
        let other = if store == Store::Redis { Store::PostgreSql } else { Store::Redis };
        let goes_on = self.trips.last().is_some_and(|trip| {
            let waits = |store: Store| !of(trip, store) && !self.answered[store as usize];
            waits(store) || (of(trip, store) && waits(other))
        });
        if !goes_on {
            self.trips.push(Trip::default());
            self.answered = [false, false];
        }
        self.trips.last_mut().expect("there is one now")
    }
}
