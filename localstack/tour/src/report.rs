//! What the tour prints: steps, what goes out, what comes back, and how it ended.

use std::{
    env,
    fmt::Display,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// The report of one tour.
pub struct Report {
    coloured: bool,
    passed: usize,
    failed: usize,
}

impl Report {
    /// Colours only where somebody looks and hasn't declined (<https://no-color.org>).
    pub fn new() -> Self {
        let declined = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { coloured: io::stdout().is_terminal() && !declined, passed: 0, failed: 0 }
    }

    pub fn begin(&self, api: impl Display, brokers: &str, crm: impl Display) {
        print(
            &self.styled(DIM, format_args!("Crosswalk at {api}, its events in Kafka at {brokers}, AcmeCRM at {crm}")),
        );
    }

    pub fn note(&self, text: &str) {
        print(&self.styled(DIM, text));
    }

    pub fn begin_step(&self, title: &str) {
        let number = self.passed + self.failed + 1;
        print("");
        print(&self.styled(BOLD, format_args!("{number:>2}  {title}")));
    }

    pub fn asked(&self, text: &str) {
        print(&self.styled(DIM, format_args!("    → {text}")));
    }

    pub fn answered(&self, text: &str) {
        print(&self.styled(DIM, format_args!("    ← {text}")));
    }

    pub fn passed(&mut self, text: &str) {
        self.passed += 1;
        print(&format!("    {} {text}", self.styled(GREEN, "✓")));
    }

    pub fn failed(&mut self, reason: &impl Display) {
        self.failed += 1;
        print(&format!("    {} {reason}", self.styled(RED, "✗")));
    }

    pub fn end(self) -> ExitCode {
        let (colour, code) = if self.failed == 0 { (GREEN, ExitCode::SUCCESS) } else { (RED, ExitCode::FAILURE) };
        let sum = format!("{} steps passed, {} failed", self.passed, self.failed);
        print("");
        print(&self.styled(colour, sum));
        code
    }

    fn styled(&self, style: &str, text: impl Display) -> String {
        if self.coloured { format!("{style}{text}{PLAIN}") } else { text.to_string() }
    }
}

/// A reader that went away is no reason to stop: the exit status still tells.
fn print(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}
