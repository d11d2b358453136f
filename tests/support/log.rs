//! All that is logged while tests run: by functions in the test's own process and by those that are processes of their own.
//! It is kept in files beside the binaries, to be looked at by tests and, once all have run, to be searched for what must
//! never be logged (`localstack/lib/personal_data.sh`).

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process;
use std::sync::LazyLock;

use serde_json::Value;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::runtime_api::profile_folder;

/// What functions say at most: all of their own, and of libraries what a deployment shows.
pub const FILTER: &str = "info,crosswalk=debug,relay_outbox=debug,consume_contact_events=debug";

static LINES: LazyLock<Kept> = LazyLock::new(|| Kept::open("log"));
static SECRETS: LazyLock<Kept> = LazyLock::new(|| Kept::open("secrets"));

/// A file that lines are added to.
struct Kept {
    path: PathBuf,
    file: File,
}

/// Keeps what functions log in this process. Warnings and errors are shown with the test that fails, too.
pub fn begin() {
    let shown = EnvFilter::try_from_env("CROSSWALK_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    let shown = fmt::layer().json().with_test_writer().with_filter(shown);
    // As functions write it.
    let kept = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
    let kept = kept.with_writer(|| &LINES.file).with_filter(EnvFilter::new(FILTER));
    let _ = tracing_subscriber::registry().with(shown).with(kept).try_init();
}

/// Keeps a line that another process has written.
pub fn keep(line: &str) {
    LINES.add(line);
}

/// Notes what must never be in a line.
pub fn never(secret: &str) {
    SECRETS.add(secret);
}

/// The line that tells of a whole invocation of this process's functions.
///
/// # Panics
///
/// When there is none.
pub fn of_request(id: &str) -> Value {
    let text = fs::read_to_string(&LINES.path).unwrap_or_else(|error| panic!("{}: {error}", LINES.path.display()));
    let lines = text.lines().rev().filter(|line| line.contains(id));
    let found = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok()).find(|line| line["requestId"] == id);
    found.unwrap_or_else(|| panic!("no line tells of the request {id}"))
}

impl Kept {
    fn open(kind: &str) -> Self {
        let folder = profile_folder().join("test-logs");
        let path = folder.join(format!("{}.{kind}", process::id()));
        let opened =
            fs::create_dir_all(&folder).and_then(|()| OpenOptions::new().create(true).append(true).open(&path));
        let file = opened.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { path, file }
    }

    /// One write a line, so that those of several threads don't mix.
    fn add(&self, line: &str) {
        let written = (&self.file).write_all(format!("{line}\n").as_bytes());
        written.unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
    }
}
