//! Waiting for a condition, never for a length of time.

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

/// Between two looks at a condition. Short enough to cost a test nothing, long enough to leave the services alone.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// What a look at a condition can answer: `bool`, `Option` (the value waited for) or `Result` (whose error says what
/// was seen instead, and ends up in the message).
pub trait Look {
    /// What the wait gives once the condition holds.
    type Value;

    /// The value, or a description of what was seen instead.
    fn seen(self) -> Result<Self::Value, String>;
}

impl Look for bool {
    type Value = ();

    fn seen(self) -> Result<(), String> {
        if self { Ok(()) } else { Err("false".to_owned()) }
    }
}

impl<T> Look for Option<T> {
    type Value = T;

    fn seen(self) -> Result<T, String> {
        self.ok_or_else(|| "nothing".to_owned())
    }
}

impl<T, E: Debug> Look for Result<T, E> {
    type Value = T;

    fn seen(self) -> Result<T, String> {
        self.map_err(|error| format!("{error:?}"))
    }
}

/// Looks again and again until the condition holds, and gives its value.
///
/// # Panics
///
/// When the deadline passes first, naming what was waited for and what was seen last.
#[track_caller]
pub fn eventually<L, F>(what: &str, within: Duration, mut look: impl FnMut() -> F) -> impl Future<Output = L::Value>
where
    L: Look,
    F: Future<Output = L>,
{
    let caller = std::panic::Location::caller();
    async move {
        let deadline = Instant::now() + within;
        let mut last = "no look was finished".to_owned();
        while let Ok(outcome) = timeout_at(deadline, look()).await {
            match outcome.seen() {
                Ok(value) => return value,
                Err(seen) => last = seen,
            }
            if Instant::now() + BETWEEN_LOOKS >= deadline {
                break;
            }
            sleep(BETWEEN_LOOKS).await;
        }
        panic!("waited {within:?} in vain for: {what}\n  seen last: {last}\n  waiting at {caller}");
    }
}
