//! Tests that take minutes or want a quiet machine: `make test-long`.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends there, and its helpers with it")]

mod fairness;
