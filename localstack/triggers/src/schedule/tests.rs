//! Expressions against the examples of the `EventBridge` guide, and schedules on a clock that stands still
//! until everyone waits.

mod expressions;
mod firing;
