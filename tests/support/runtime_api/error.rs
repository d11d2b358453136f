//! How a function can fail to answer, and fail to start.

use std::fmt::{self, Display, Formatter};
use std::process::ExitStatus;
use std::time::Duration;

use serde_json::Value;

/// Why an invocation has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FunctionError {
    /// The function answered with an error (`errorType` and `errorMessage` on the wire).
    Reported {
        /// The error's type, as the function named it.
        error_type: String,
        /// What it said.
        message: String,
    },
    /// The process ended before it answered; on AWS this is `Runtime.ExitError`.
    Exited(String),
    /// The time limit passed and the process was killed for it; on AWS this is `Sandbox.Timedout`.
    TimedOut(Duration),
}

impl FunctionError {
    pub(super) fn exited(status: Option<ExitStatus>) -> Self {
        Self::Exited(status.map_or_else(|| "not running".to_owned(), |status| status.to_string()))
    }

    /// Reads the body of a POST to `…/error`. Whatever is there is kept, for a broken report is still a report.
    pub(super) fn reported(body: &[u8]) -> Self {
        let report: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let text = |name: &str| report[name].as_str().map(str::to_owned);
        Self::Reported {
            error_type: text("errorType").unwrap_or_else(|| "Unknown".to_owned()),
            message: text("errorMessage").unwrap_or_else(|| String::from_utf8_lossy(body).into_owned()),
        }
    }
}

impl Display for FunctionError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reported { error_type, message } => write!(f, "{error_type}: {message}"),
            Self::Exited(status) => write!(f, "the process ended before it answered ({status})"),
            Self::TimedOut(limit) => write!(f, "the process was killed at its time limit of {limit:?}"),
        }
    }
}

impl std::error::Error for FunctionError {}

/// Why a function never asked for its first invocation.
#[derive(Debug, Clone)]
pub struct StartError {
    /// The function's name.
    pub function: String,
    /// What happened instead.
    pub reason: String,
    /// All it wrote to stdout and stderr.
    pub log: String,
}

impl Display for StartError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { function, reason, log } = self;
        write!(f, "{function} did not start: {reason}\n--- its output ---\n{log}--- end ---")
    }
}

impl std::error::Error for StartError {}
