//! Why a step failed.

use std::time::Duration;

use serde_json::Value;

/// The result of a step: the sentence it ends with.
pub type Shown = Result<String, Fault>;

/// Why a step failed, in words for whoever reads the tour.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fault {
    #[error("expected {what} to be {expected}, and it is {found}")]
    Unexpected { what: String, expected: String, found: String },
    #[error("this step needs {0}, which an earlier step should have brought")]
    Needs(&'static str),
    #[error("nothing answers at {url} ({reason}); is Crosswalk up? `make up` starts it")]
    Unreachable { url: String, reason: String },
    #[error("nothing answers at {url} ({reason})")]
    NoAnswer { url: String, reason: String },
    #[error("{fault}, still after {within:?}")]
    StillAfter { within: Duration, fault: Box<Fault> },
    #[error("Kafka did not answer ({0}); is it up? `make up` starts it")]
    Kafka(#[from] rdkafka::error::KafkaError),
    #[error("the topic {0} has no partition; `make up` makes it")]
    NoTopic(&'static str),
    #[error("expected {expected} events within {within:?}, and {found} came; does relay-outbox run?")]
    TooFewEvents { expected: usize, found: usize, within: Duration },
    #[error("{fault}, still after {within:?}; do the triggers run? their log is .local/logs/triggers.log")]
    TooLate { within: Duration, fault: Box<Fault> },
}

impl Fault {
    pub fn unexpected(what: impl Into<String>, expected: &impl ToString, found: &impl ToString) -> Self {
        Self::Unexpected { what: what.into(), expected: expected.to_string(), found: found.to_string() }
    }
}

/// Checks one member of a JSON value, named by its JSON Pointer (RFC 6901). The empty pointer is the whole.
pub fn member_is(value: &Value, pointer: &str, expected: impl Into<Value>) -> Result<(), Fault> {
    let expected = expected.into();
    let found = value.pointer(pointer).unwrap_or(&Value::Null);
    if *found == expected {
        Ok(())
    } else {
        let what = if pointer.is_empty() { "the body" } else { pointer };
        Err(Fault::unexpected(what, &expected, found))
    }
}
