//! What an instance tells of itself: a line for each invocation, what was counted in it, and the trace it belongs to.

mod invocation;
mod logs;
mod measure;
mod metrics;
mod span;
mod traceparent;
mod traces;
mod trip;

pub use invocation::{Invocation, count, name_of, observe, tell};
pub use measure::Measure;
pub use span::Span;
pub use traceparent::TraceParent;
pub use traces::flush;
pub use trip::{Store, trip, trip_if_waiting};

/// Begins to tell. What is said before is lost.
pub fn init() {
    logs::init();
    metrics::init();
    traces::init();
    // The default hook writes the panic's text, which may quote data, to standard error, which is the log.
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!(location = panic.location().map(ToString::to_string), "panic");
    }));
}
