//! All tests that need more than one crate, in one executable.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends there, and its helpers with it")]

mod contacts;
mod contacts_create;
mod contacts_faults;
mod support_database;
mod support_gateway;
mod support_kafka;
mod support_proxy;
mod support_runtime_api;
mod support_wait;
mod tls;
