//! What a process writes to stdout and stderr.
//!
//! A thread reads it, not a task: it must be read to its end when a test panics, and a runtime that is unwinding runs
//! no tasks. Each line goes to this process's stderr too, which the test harness keeps back and shows when the test
//! fails.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, PipeReader};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// Lines kept for [`Log::text`]. A benchmark may run for an hour.
const KEPT_LINES: usize = 10_000;

static QUIET: AtomicBool = AtomicBool::new(false);

/// Keeps what functions write from stderr, in all of this process: who starts one a thousand times, or measures it, asks for
/// what it needs.
pub fn keep_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

#[derive(Clone, Default)]
pub(super) struct Log {
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl Log {
    /// Reads until the last writer has closed the pipe.
    pub(super) fn follow(&self, name: &str, output: PipeReader) -> JoinHandle<()> {
        let (log, name) = (self.clone(), name.to_owned());
        thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                if !QUIET.load(Ordering::Relaxed) {
                    eprintln!("{name} | {line}");
                    crate::log::keep(&line);
                }
                log.keep(line);
            }
        })
    }

    pub(super) fn text(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }

    fn keep(&self, line: String) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}
