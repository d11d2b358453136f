//! template.yaml says what is deployed and what runs locally; everything else that speaks of it must agree.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use triggers::template::Template;

#[test]
fn every_folder_of_a_function_is_in_the_template_and_nothing_else_is() {
    let template = template();
    let deployed: BTreeSet<_> = template.functions().keys().cloned().collect();
    assert_eq!(deployed, folders(), "left: template.yaml, right: functions/");
}

#[test]
fn a_function_has_one_name_in_its_folder_its_package_and_its_binary() {
    for folder in folders() {
        let path = repository().join("functions").join(&folder);
        let manifest = read(&path.join("Cargo.toml"));
        let name = manifest.lines().find_map(|line| line.strip_prefix("name = ")).unwrap_or_default();
        assert_eq!(name, format!("\"{folder}\""), "functions/{folder}/Cargo.toml");
        assert!(!manifest.contains("[[bin]]"), "functions/{folder} has its package's name as its one binary's");
        assert!(path.join("src/main.rs").is_file(), "functions/{folder} has no src/main.rs, so no binary");
    }
}

/// `sam build` passes the logical id to functions/Makefile, which derives the folder from it.
#[test]
fn logical_id_of_a_function_is_its_folder_in_camel_case() {
    for (name, function) in template().functions() {
        let words = name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
        assert_eq!(function.resource, words.collect::<String>());
    }
}

#[test]
fn every_route_leads_to_one_function_and_all_else_to_one() {
    let template = template();
    let mut functions: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for route in template.routes() {
        functions.entry(format!("{} {}", route.method, route.path)).or_default().push(&route.function);
    }
    let shared: Vec<_> = functions.iter().filter(|(_, functions)| functions.len() != 1).collect();
    assert!(shared.is_empty(), "{shared:?}");
    assert_eq!(functions.get("ANY $default").map(Vec::as_slice), Some(&["refuse-route"][..]));
}

#[test]
fn the_readme_lists_the_routes_of_the_template() {
    let template = template();
    let deployed: BTreeSet<_> = template
        .routes()
        .iter()
        .map(|route| match route.path.as_str() {
            "$default" => ("$default".to_owned(), String::new(), route.function.clone()),
            path => (route.method.to_string(), path.to_owned(), route.function.clone()),
        })
        .collect();
    let readme = read(&repository().join("README.md"));
    let written: BTreeSet<_> =
        rows(&readme, "method").map(|cells| (plain(cells[0]), plain(cells[1]), plain(cells[2]))).collect();
    assert_eq!(written, deployed, "left: README.md, right: template.yaml");
}

#[test]
fn the_settings_that_are_spoken_of_are_those_that_are_read() {
    let known: BTreeSet<_> = ["shared/src", "functions"]
        .iter()
        .flat_map(|folder| sources(&repository().join(folder)))
        .flat_map(|source| variables(&read(&source)))
        .collect();
    let template = variables(&read(&repository().join("template.yaml")));
    assert_eq!(template.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "set in template.yaml");
    let readme = read(&repository().join("README.md"));
    let written: BTreeSet<_> = rows(&readme, "variable").flat_map(|cells| variables(cells[0])).collect();
    assert_eq!(written, known, "left: README.md's table, right: the code");
}

fn template() -> Template {
    Template::read(repository().join("template.yaml")).unwrap_or_else(|error| panic!("template.yaml: {error}"))
}

fn folders() -> BTreeSet<String> {
    let entries = fs::read_dir(repository().join("functions")).unwrap().map(Result::unwrap);
    let folders = entries.filter(|entry| entry.file_type().unwrap().is_dir());
    folders.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// The cells of all tables whose first column has this heading.
fn rows<'a>(text: &'a str, heading: &'a str) -> impl Iterator<Item = Vec<&'a str>> {
    let mut inside = false;
    text.lines().filter_map(move |line| {
        let Some(row) = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) else {
            inside = false;
            return None;
        };
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let ruled = cells.iter().all(|cell| cell.starts_with("---"));
        if cells[0] == heading {
            inside = true;
            return None;
        }
        (inside && !ruled).then_some(cells)
    })
}

fn plain(cell: &str) -> String {
    cell.trim_matches('`').to_owned()
}

/// The names of our own variables in a text.
fn variables(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
    words.filter(|word| word.starts_with("CROSSWALK_")).map(str::to_owned).collect()
}

/// All Rust files under a folder.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.extension().and_then(|extension| extension.to_str()) {
            _ if path.is_dir() => sources(&path),
            Some("rs") => vec![path],
            _ => Vec::new(),
        })
        .collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
