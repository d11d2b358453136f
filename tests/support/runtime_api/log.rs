//! What a process writes to stdout and stderr.
//!
//! A thread reads it, not a task: it must be read to its end when a test panics, and a runtime that is unwinding runs
//! no tasks. Each line goes to this process's stderr too, which the test harness keeps back and shows when the test
//! fails.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, PipeReader};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// Lines kept for [`Log::text`]. A benchmark may run for an hour.
const KEPT_LINES: usize = 10_000;

#[derive(Clone, Default)]
pub(super) struct Log {
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl Log {
    /// Reads until the last writer has closed the pipe. What is to be quiet is kept for [`Log::text`] alone.
    pub(super) fn follow(&self, name: &str, output: PipeReader, quiet: bool) -> JoinHandle<()> {
        let (log, name) = (self.clone(), name.to_owned());
        thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                if !quiet {
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
