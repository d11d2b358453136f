//! Logs: one JSON object a line, each readable alone.

use tracing_subscriber::EnvFilter;

/// Logs to standard output. `CROSSWALK_LOG` sets the level (default `info`), in `tracing-subscriber`'s filter syntax.
pub(super) fn init() {
    let filter = EnvFilter::try_from_env("CROSSWALK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A second call, as in a test, finds the first one's subscriber in place.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .try_init();
}
