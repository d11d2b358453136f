//! All tests that need more than one crate, in one executable.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends there, and its helpers with it")]

mod batch;
mod batch_races;
mod cache;
mod contacts;
mod contacts_create;
mod contacts_delete;
mod contacts_faults;
mod contacts_get;
mod contacts_history;
mod contacts_races;
mod contacts_replace;
mod contacts_update;
mod errors;
mod guards;
mod hostile;
mod idempotency;
mod lists;
mod lists_plans;
mod lists_search;
mod lists_walk;
mod migrations;
mod purge;
mod purge_contacts;
mod purge_costs;
mod purge_restore;
mod rate_limit;
mod remote;
mod remote_conflicts;
mod remote_races;
mod round_trips;
mod secrets;
mod support_database;
mod support_gateway;
mod support_kafka;
mod support_proxy;
mod support_runtime_api;
mod support_wait;
mod tls;
mod token_attacks;
mod token_limits;
mod token_revocation;
mod token_rotation;
mod tokens;
