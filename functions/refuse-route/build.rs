//! Writes the table of routes from the template, so that a new route is refused nowhere.

use std::path::Path;
use std::{env, fs};

use saphyr::{LoadableYamlNode, Yaml};

fn main() {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    println!("cargo::rerun-if-changed={}", template.display());
    let text = fs::read_to_string(&template).expect("template.yaml stands at the root of the workspace");
    let documents = Yaml::load_from_str(&text).expect("template.yaml is YAML");
    let mut routes = Vec::new();
    for (_, resource) in members(&documents[0], "Resources") {
        let Some(properties) = resource.as_mapping_get("Properties") else { continue };
        for (_, event) in members(properties, "Events") {
            let text = |name| event.as_mapping_get("Properties")?.as_mapping_get(name)?.as_str();
            if let (Some(path), Some(method)) = (text("Path"), text("Method")) {
                routes.push((path.to_owned(), method.to_owned()));
            }
        }
    }
    routes.sort();
    let table = format!("&{routes:?}");
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("routes.rs"), table).expect("OUT_DIR can be written");
}

/// The members of a mapping that is a member itself; none if there is no such mapping.
fn members<'a>(yaml: &'a Yaml<'a>, name: &str) -> Vec<(&'a Yaml<'a>, &'a Yaml<'a>)> {
    let mapping = yaml.as_mapping_get(name).and_then(Yaml::as_mapping);
    mapping.map(|mapping| mapping.iter().collect()).unwrap_or_default()
}
