//! Imports flow one way. This reads the `crate::` paths of every file and says which one goes against the stream.

#![expect(clippy::unwrap_used, reason = "a file that can't be read is a failure of the test")]

use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom to the top. A module may use its own layer and those below it.
const LAYERS: &[&[&str]] = &[
    &["error", "clock", "json", "breaker", "id", "source"],
    &["telemetry"],
    &["contact"],
    &["events", "mapping", "paging", "config"],
    &["db", "cache", "auth", "rate"],
    &["remote"],
    &["app"],
    &["admission", "contacts", "sync", "webhooks", "tokens", "health", "schema", "purge", "parked", "rotation"],
    &["http"],
    &["entry"],
];

/// What belongs to one module alone, and the words that give it away.
const ALONE: &[(&str, &[&str])] =
    &[("db", &["select ", "insert into", "prepare_cached"]), ("http", &["StatusCode::"]), ("mapping", &["acme"])];

/// `entry` logs the status that `http` chose; it never chooses one. Tests of what is written to CRMs need one.
const EXCEPTIONS: &[&str] = &["entry/http.rs", "sync/push/tests.rs"];

fn layer_of(module: &str) -> usize {
    LAYERS
        .iter()
        .position(|modules| modules.contains(&module))
        .unwrap_or_else(|| panic!("the module {module} stands in no layer: give it one in {}", file!()))
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .collect()
}

/// Every file but `lib.rs`: its path below `src`, its top module, and its text without comments.
fn modules() -> Vec<(String, String, String)> {
    let source = source();
    let mut modules: Vec<_> = files(&source)
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&source).unwrap().to_str().unwrap().to_owned();
            let module = name.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            (name, module, code)
        })
        .filter(|(name, ..)| name != "lib.rs")
        .collect();
    modules.sort();
    assert!(modules.len() > 30, "the crate's files were not found");
    modules
}

/// The modules that a file names by `crate::…`, grouped imports included.
fn used(code: &str) -> Vec<String> {
    let mut used = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let group = group.split('}').next().unwrap_or_default();
            used.extend(group.split(',').map(|item| first_word(item.trim())));
        } else {
            used.push(first_word(rest));
        }
    }
    used.retain(|module| !module.is_empty() && module.starts_with(|c: char| c.is_ascii_lowercase()));
    used
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn imports_flow_one_way() {
    let mut against = Vec::new();
    for (name, module, code) in modules() {
        let own = layer_of(&module);
        for other in used(&code) {
            if layer_of(&other) > own {
                against.push(format!("{name} uses crate::{other}, which stands above {module}"));
            }
        }
    }
    assert!(against.is_empty(), "{}", against.join("\n"));
}

#[test]
fn each_thing_has_one_home() {
    let mut astray = Vec::new();
    for (name, module, code) in modules() {
        for (home, words) in ALONE {
            let word = words.iter().find(|word| code.contains(**word));
            if let Some(word) = word.filter(|_| module != *home && !EXCEPTIONS.contains(&name.as_str())) {
                astray.push(format!("{name} has {word:?}, which belongs into {home}"));
            }
        }
    }
    assert!(astray.is_empty(), "{}", astray.join("\n"));
}

#[test]
fn files_stay_small() {
    let long: Vec<_> = modules().into_iter().filter(|(.., code)| code.lines().count() > 400).map(|it| it.0).collect();
    assert!(long.is_empty(), "look for the second subject in {long:?}");
}
