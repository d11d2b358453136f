//! The routing table of `cargo lambda watch`, in the form of its `--global` file.
//!
//! <https://www.cargo-lambda.info/commands/watch.html>
//!
//! API Gateway sends what no route takes to the `$default` route. The emulator has no such route: a path it knows
//! answers 404 by itself to the methods that are not listed, so each path lists all of them, and a wildcard takes
//! the other paths.

use std::collections::BTreeMap;

use serde::Serialize;
use toml::Value;

use crate::template::{DEFAULT, Method, Route};

/// Where the requests to a path go.
#[derive(Serialize)]
#[serde(untagged)]
enum Target<'a> {
    /// To one function, whatever the method.
    One(&'a str),
    Each(Vec<Entry<'a>>),
}

#[derive(Serialize)]
struct Entry<'a> {
    method: &'static str,
    function: &'a str,
}

/// The table as TOML, a line for each path; the same text for the same routes in any order.
pub fn toml(routes: &[Route]) -> Result<String, toml::ser::Error> {
    let lines = table(routes).into_iter().map(|(path, target)| {
        let (key, value) = (Value::from(path), Value::try_from(target)?);
        Ok(format!("{key} = {value}\n"))
    });
    Ok(format!("[watch.router]\n{}", lines.collect::<Result<String, toml::ser::Error>>()?))
}

fn table(routes: &[Route]) -> BTreeMap<String, Target<'_>> {
    let default = routes.iter().find(|route| route.path == DEFAULT).map(|route| route.function.as_str());
    let mut paths: BTreeMap<&str, BTreeMap<Method, &str>> = BTreeMap::new();
    for route in routes.iter().filter(|route| route.path != DEFAULT) {
        paths.entry(&route.path).or_default().insert(route.method, &route.function);
    }
    // A template's own /{proxy+} stands where the wildcard would, and takes every other path itself.
    let whole = paths.keys().any(|path| path.starts_with("/{") && path.ends_with("+}") && !path[1..].contains('/'));

    let mut table: BTreeMap<String, Target<'_>> =
        paths.iter().map(|(path, functions)| (emulated(path), target(functions, default))).collect();
    if let Some(default) = default {
        table.entry("/".to_owned()).or_insert(Target::One(default));
        if !whole {
            table.insert("/{*path}".to_owned(), Target::One(default));
        }
    }
    table
}

fn target<'a>(functions: &BTreeMap<Method, &'a str>, default: Option<&'a str>) -> Target<'a> {
    let others = functions.get(&Method::Any).copied().or(default);
    if let (1, Some(function)) = (functions.len(), functions.get(&Method::Any)) {
        return Target::One(function);
    }
    let each = Method::ALL.into_iter().filter_map(|method| {
        let function = functions.get(&method).copied().or(others)?;
        Some(Entry { method: method.as_str(), function })
    });
    Target::Each(each.collect())
}

/// API Gateway's `{name+}` is the emulator's `{*name}`.
fn emulated(path: &str) -> String {
    match path.strip_suffix("+}").and_then(|path| path.rsplit_once('{')) {
        Some((before, name)) => format!("{before}{{*{name}}}"),
        None => path.to_owned(),
    }
}
