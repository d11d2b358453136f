//! What must hold whatever comes in from outside.
//!
//! Each target is a function of bytes that panics when a property is broken. `fuzz_targets` hands them to libFuzzer, and
//! `tests/smoke.rs` runs them over the corpus and over mutations of it. A panic is what is looked for, so nothing here is
//! careful about them. Inputs are text that can be read: see the files of a target's folder in `corpus`.

#![expect(clippy::unwrap_used, reason = "a panic is how a target says that something is wrong")]

mod address;
mod cursor;
mod kafka_event;
mod kafka_record;
mod laws;
mod merge_patch;
mod message;
mod phone;
mod token;
mod webhook;

pub use address::address;
pub use cursor::cursor;
pub use kafka_event::kafka_event;
pub use kafka_record::kafka_record;
pub use merge_patch::merge_patch;
pub use phone::phone;
pub use token::token;
pub use webhook::webhook;
