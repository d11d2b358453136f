//! The event source mapping, between a real broker and functions that do what the test tells them.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends there, and its helpers with it")]

mod batches;
mod command;
mod failures;
mod function;
mod lives;
mod positions;
mod topic;
mod world;
