//! What processes cost, as Linux counts it (`proc(5)`).

use std::fs;
use std::time::Duration;

/// The CPU time of these processes, in user and kernel mode, all threads that live.
pub fn cpu(pids: &[i32]) -> Duration {
    pids.iter().map(|pid| Duration::from_nanos(threads(*pid))).sum()
}

/// The first number of a thread's schedstat is its time on a CPU, in nanoseconds.
fn threads(pid: i32) -> u64 {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let time = |path: std::path::PathBuf| fs::read_to_string(path.join("schedstat")).ok();
    let times = tasks.filter_map(|task| time(task.ok()?.path()));
    times.filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok()).sum()
}

/// The memory of a process, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// All that is resident now.
    pub resident: u64,
    /// The part of it that is no file's: heap and stacks. The rest are pages of the binary and of libraries.
    pub anonymous: u64,
}

/// The memory of a process.
///
/// # Panics
///
/// When there is no such process.
pub fn memory(pid: i32) -> Memory {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let kilobytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or_default()
    };
    Memory { resident: kilobytes("VmRSS:") * 1024, anonymous: kilobytes("RssAnon:") * 1024 }
}

/// The server's processes that work for this database. PostgreSQL names it in their titles, and those of a container are
/// seen from the outside too.
pub fn backends(database: &str) -> Vec<i32> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = processes.filter_map(|process| process.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let works_for = |pid: &i32| {
        fs::read_to_string(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|title| title.starts_with("postgres: ") && title.split(' ').any(|word| word == database))
    };
    pids.filter(works_for).collect()
}
