//! What the pages say can be done, found and followed is so. The tables of the README have a file of their own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crosswalk::mapping::{Delivery, crm};
use jiff::Timestamp;

/// Folders whose files pages name by their paths.
const FOLDERS: [&str; 7] =
    ["shared/", "functions/", "infrastructure/", "localstack/", "migrations/", "docs/", "tests/"];

#[test]
fn every_link_between_pages_leads_to_a_file() {
    for page in pages() {
        let text = read(&page);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = link.split('#').next().unwrap_or_default();
            let elsewhere = target.is_empty() || target.contains("://");
            assert!(elsewhere || page.parent().unwrap().join(target).exists(), "{}: {link}", page.display());
        }
    }
}

#[test]
fn every_path_that_a_page_names_is_there() {
    for page in pages() {
        let text = read(&page);
        let paths = text.split('`').skip(1).step_by(2).filter(|code| FOLDERS.iter().any(|it| code.starts_with(it)));
        for path in paths.filter(|path| !path.contains(['<', '…', '*', ' ', '\n'])) {
            assert!(repository().join(path).exists(), "{}: {path}", page.display());
        }
    }
}

#[test]
fn every_target_of_make_that_a_page_names_is_one() {
    let makefile = read(&repository().join("Makefile"));
    let targets: BTreeSet<&str> = makefile.lines().filter_map(|line| Some(line.split_once(": ## ")?.0)).collect();
    for page in pages() {
        let text = read(&page);
        let lines = text.lines().map(str::trim_start).filter_map(|line| line.strip_prefix("make "));
        let named = lines.chain(text.split("`make ").skip(1)).filter_map(|rest| rest.split([' ', ';', '`']).next());
        for target in named {
            assert!(targets.contains(target), "{}: make {target}; there are {targets:?}", page.display());
        }
    }
}

#[test]
fn every_variable_that_a_command_reads_is_written_by_the_seed() {
    let seed = read(&repository().join("localstack/seed/src/files.rs"));
    for page in pages() {
        let text = read(&page);
        let names = text.split('$').skip(1).map(|rest| rest.split(|c: char| !(c.is_ascii_uppercase() || c == '_')));
        for name in names.filter_map(|mut words| words.next()) {
            let ours = name.starts_with("CROSSWALK_") || name.starts_with("ACME_");
            assert!(!ours || seed.contains(&format!("\"{name}\"")), "{}: ${name}", page.display());
        }
    }
}

#[test]
fn the_diagrams_have_the_states_of_the_tables() {
    let page = read(&repository().join("docs/sync.md"));
    let diagrams: Vec<BTreeSet<String>> = page.split("stateDiagram-v2").skip(1).map(states).collect();
    let tables = read(&repository().join("migrations/V4__sync.sql"));
    let checks = tables.split("check (state in (").skip(1).filter_map(|rest| rest.split(')').next());
    let stored: Vec<BTreeSet<String>> =
        checks.map(|list| list.split(", ").map(|state| state.trim_matches('\'').to_owned()).collect()).collect();
    assert_eq!(diagrams, stored, "left: docs/sync.md, right: the migration");
}

#[test]
fn the_webhook_that_the_page_signs_is_one_that_is_let_in() {
    let page = read(&repository().join("docs/api.md"));
    let command = page.split("```").find(|block| block.contains("openssl")).expect("docs/api.md signs a webhook");
    let command = command.strip_prefix("sh\n").unwrap().replace(". .local/env", "");
    // In place of sending it: what would be sent, each argument with a NUL after it.
    let script = format!("curl() {{ printf '%s\\0' \"$@\"; }}\n{command}");
    let secret = "a secret";
    let output = Command::new("bash").args(["-c", &script]).env("ACME_WEBHOOK_SECRET", secret).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let sent = String::from_utf8(output.stdout).unwrap();
    let arguments: Vec<&str> = sent.split('\0').collect();
    let headers: Vec<_> = arguments.iter().filter_map(|argument| argument.split_once(": ")).collect();
    let header =
        |name: &str| headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
    let body = arguments.iter().skip_while(|argument| **argument != "--data-binary").nth(1).unwrap().as_bytes();
    let acme = crm("acme").unwrap();
    assert!(acme.is_genuine(&Delivery { header: &header, body }, &[secret], Timestamp::now()), "{sent}");
    let rules = crosswalk::contact::reading::Rules { phone_region: "US".to_owned() };
    assert!(acme.announced(body, &rules).verdict.is_ok(), "{sent}");
}

/// The names of the states in a diagram.
fn states(diagram: &str) -> BTreeSet<String> {
    let lines = diagram.lines().take_while(|line| !line.starts_with("```")).filter_map(|line| line.split_once(" --> "));
    let names = lines.flat_map(|(from, to)| [from.trim().to_owned(), to.split(':').next().unwrap().to_owned()]);
    names.filter(|name| name != "[*]").collect()
}

/// All pages of the repository.
fn pages() -> Vec<PathBuf> {
    let folders = ["", "docs", "localstack", "localstack/acme-crm", "localstack/triggers", "migrations"];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(repository().join(folder)).unwrap());
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
