//! Tests that take minutes or want a quiet machine: `make test-long`.

mod fairness;
