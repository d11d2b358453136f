//! What a shift tells of itself when it ends.

use serde::Serialize;

/// What was done in a shift.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Events that were published and marked.
    pub published: u64,
    /// Events that the broker will never take.
    pub parked: u64,
    /// Due links that were sent round once more.
    pub sent_round: u64,
    /// How often the shift had the lease: once, unless it never got it or lost it.
    pub leases: u32,
    /// How long it waited for its first lease, in seconds.
    pub waited_seconds: f64,
    /// How long it lasted, in seconds.
    pub shift_seconds: f64,
}
