//! Finding a function's binary, and refusing one that is older than its sources.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::SystemTime;

/// What is edited while the tests run is for the next run.
static BEGUN: LazyLock<SystemTime> = LazyLock::new(SystemTime::now);

/// The binary beside the running executable: `target/<profile>/<name>`.
///
/// # Panics
///
/// When it isn't there, or a source it was made from has changed since: a test of yesterday's binary proves nothing
/// about today's code. An example is not held to that. It stands on the same package as the tests, and `cargo test`
/// builds both together.
pub(crate) fn find(name: &str) -> PathBuf {
    LazyLock::force(&BEGUN);
    let is_example = name.starts_with("examples/");
    let what = if is_example { "--examples" } else { "--bins" };
    let advice = format!("Build the functions first: cargo build --workspace {what}");
    let folder = profile_folder();
    let binary = folder.join(name);
    let Some(made) = modified(&binary) else {
        panic!("{} is missing. {advice}", binary.display());
    };
    if is_example {
        return binary;
    }
    let newer = |source: &PathBuf| modified(source).is_some_and(|changed| changed > made && changed < *BEGUN);
    if let Some(source) = sources(&folder.join(format!("{name}.d"))).into_iter().find(newer) {
        panic!("{} is older than {}. {advice}", binary.display(), source.display());
    }
    binary
}

/// Tests run in `target/<profile>/deps`, examples in `…/examples`, binaries directly in `target/<profile>`.
pub(crate) fn profile_folder() -> PathBuf {
    let executable = env::current_exe().expect("the running executable has a path");
    let folder = executable.parent().expect("an executable lies in a folder");
    match folder.file_name().and_then(|name| name.to_str()) {
        Some("deps" | "examples") => folder.parent().expect("target/<profile>").to_owned(),
        _ => folder.to_owned(),
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// The sources that cargo's dependency file names (`target: source source …`, spaces in names escaped). Empty when cargo
/// left no such file.
fn sources(dependency_file: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(dependency_file).unwrap_or_default();
    let Some((_, sources)) = text.split_once(": ") else {
        return Vec::new();
    };
    sources.replace("\\ ", "\0").split_whitespace().map(|source| PathBuf::from(source.replace('\0', " "))).collect()
}
