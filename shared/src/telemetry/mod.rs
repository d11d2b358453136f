//! What an instance tells of itself: a line for each invocation, what was counted in it, and the trace it belongs to.

mod invocation;
mod logs;
mod traceparent;
mod trip;

pub use invocation::{Invocation, name_of};
pub use traceparent::TraceParent;
pub use trip::{Store, trip, trip_if_waiting};

/// Begins to tell. What is said before is lost.
pub fn init() {
    logs::init();
}
