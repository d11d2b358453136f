//! PostgreSQL, the record. All SQL is here: one function per statement, beside the mapping of its rows.
//!
//! Every statement is one round trip and prepared once per connection. Functions take whatever can run it, so that the
//! use case above decides whether it stands alone or in a transaction.

pub mod clients;
pub mod conflicts;
mod connect;
pub mod connections;
pub mod contacts;
pub mod due_links;
mod failure;
pub mod floor;
pub mod history;
pub mod idempotency;
pub mod lease;
pub mod links;
pub mod migrations;
pub mod outbox;
pub mod parked;
mod pool;
pub mod purge;
pub mod pushes;
pub mod revocations;
pub mod roles;
mod session;
pub mod sync_failures;
mod trip;
pub mod webhooks;

pub use connect::{Credentials, Login};
pub use deadpool_postgres::Transaction;
pub use failure::{data_fault, failed, give_way, is_deadlock, is_lock_timeout};
pub use idempotency::Claim;
pub use pool::{Connection, Database};
pub use trip::{GenericClient, answers, begin, commit, roll_back, savepoint};
