//! How a call to a CRM can fail.

use std::time::Duration;

/// Why a call came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The CRM can't be reached, or not just now. Nothing was done.
    #[error("{0}")]
    Unreached(String),
    /// It was asked and gave no answer that tells what was done.
    #[error("{0}")]
    Unanswered(String),
    /// It wants to be left alone for so long. Nothing was done.
    #[error("the CRM asks us to come back later")]
    Busy(Duration),
    /// We have asked it as often as we may; there is room again after so long. Nothing was done.
    #[error("the connection's calls are used up for now")]
    Limited(Duration),
    /// What was asked for is not there.
    #[error("the CRM has no such record")]
    Gone,
    /// What was to be changed has another version by now.
    #[error("{0}")]
    Stale(String),
    /// It will never do this.
    #[error("{0}")]
    Refused(String),
}
