//! What breaks a promise panics, here as in every test. This tells of it where a person reads.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures::FutureExt;

/// What has panicked, in this process's threads and tasks alike.
static BROKEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// From now on all panics are noted.
pub fn watch() {
    panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("a panic without words");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        eprintln!("{message}\n  at {place}");
        broken().push(format!("{message}\n  at {place}"));
    }));
}

/// Does a part of the work. If anything broke meanwhile it tells what, and gives nothing.
pub async fn told<T>(part: &str, work: impl Future<Output = T>) -> Option<T> {
    let done = AssertUnwindSafe(work).catch_unwind().await.ok();
    let broken = std::mem::take(&mut *broken());
    for what in &broken {
        println!("    {part} failed: {}", what.replace('\n', "\n    "));
    }
    done.filter(|_| broken.is_empty())
}

fn broken() -> MutexGuard<'static, Vec<String>> {
    BROKEN.lock().unwrap_or_else(PoisonError::into_inner)
}
