//! The machine that was measured on.

use std::fs;
use std::process::Command;

use serde::Serialize;

/// What a reader must know of it.
#[derive(Debug, Serialize)]
pub struct Machine {
    date: String,
    processor: String,
    cores: usize,
    memory_gib: u64,
    kernel: String,
    commit: String,
}

impl Machine {
    /// This machine, today.
    pub fn describe() -> Self {
        let memory = line_of("/proc/meminfo", "MemTotal:");
        let kilobytes: u64 = memory.split_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or_default();
        Self {
            date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
            processor: line_of("/proc/cpuinfo", "model name").trim_start_matches([' ', '\t', ':']).to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: kilobytes.div_ceil(1024 * 1024),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            commit: commit(),
        }
    }

    /// The same in a sentence.
    pub fn sentence(&self) -> String {
        let Self { date, processor, cores, memory_gib, kernel, commit } = self;
        format!(
            "{date}, {processor}, {cores} cores for everything (functions, harness, PostgreSQL, Redis, Kafka), \
             {memory_gib} GiB, Linux {kernel}, commit {commit}.\n"
        )
    }
}

fn line_of(path: &str, name: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("unknown");
    line.trim().to_owned()
}

fn commit() -> String {
    let git = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    let output = git.ok().filter(|output| output.status.success());
    output.map_or_else(|| "unknown".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
