//! The routing table, read back by the router that `cargo lambda watch` uses.

use std::collections::BTreeMap;

use toml::{Table, Value};
use triggers::{router, template::Template};

/// A template of functions named `a`, `b`, … with these routes; an empty one is `$default`.
fn template(routes: &[&str]) -> Template {
    let functions = routes.iter().zip('a'..).map(|(route, name)| {
        let properties = route
            .split_once(' ')
            .map_or_else(String::new, |(method, path)| format!(", Properties: {{Method: {method}, Path: '{path}'}}"));
        format!(
            "  F{name}: {{Type: AWS::Serverless::Function, Properties: {{CodeUri: x/{name}/, \
             Events: {{Route: {{Type: HttpApi{properties}}}}}}}}}\n"
        )
    });
    let source = format!("Resources:\n{}", functions.collect::<String>());
    Template::parse(&source, &BTreeMap::new()).expect("a template")
}

/// The emulator's half: matches the path first, and then the method in what the path has.
struct Emulator(matchit::Router<Value>);

impl Emulator {
    fn of(routes: &[&str]) -> Self {
        let text = router::toml(template(routes).routes()).expect("a table");
        let table: Table = text.parse().expect("TOML");
        let mut paths = matchit::Router::new();
        for (path, target) in table["watch"]["router"].as_table().expect("the paths") {
            paths.insert(path, target.clone()).expect("paths that stand beside each other");
        }
        Self(paths)
    }

    fn function(&self, method: &str, path: &str) -> Option<&str> {
        match self.0.at(path).ok()?.value {
            Value::String(function) => Some(function),
            Value::Array(entries) => entries
                .iter()
                .find(|entry| entry["method"].as_str() == Some(method))
                .and_then(|entry| entry["function"].as_str()),
            other => panic!("{other} is no target"),
        }
    }
}

#[test]
fn requests_reach_what_api_gateway_would_call() {
    let emulator = Emulator::of(&[
        "GET /contacts",
        "POST /contacts",
        "POST /contacts/batch",
        "GET /contacts/{id}",
        "GET /contacts/{contact}/history",
        "ANY /files/{rest+}",
        "",
    ]);
    for (method, path, function) in [
        ("GET", "/contacts", "a"),
        ("POST", "/contacts", "b"),
        ("DELETE", "/contacts", "g"),
        ("OPTIONS", "/contacts", "g"),
        ("POST", "/contacts/batch", "c"),
        ("GET", "/contacts/7", "d"),
        ("PATCH", "/contacts/7", "g"),
        ("GET", "/contacts/7/history", "e"),
        ("HEAD", "/contacts/7/history", "g"),
        ("PUT", "/files/one/two", "f"),
        ("GET", "/contacts/", "g"),
        ("GET", "/contacts/7/other", "g"),
        ("GET", "/", "g"),
        ("GET", "//x", "g"),
        ("FETCH", "/anything/at/all", "g"),
    ] {
        assert_eq!(emulator.function(method, path), Some(function), "{method} {path}");
    }
}

#[test]
fn without_a_default_route_nothing_else_is_routed() {
    let emulator = Emulator::of(&["GET /contacts"]);
    assert_eq!(emulator.function("GET", "/contacts"), Some("a"));
    assert_eq!(emulator.function("POST", "/contacts"), None);
    assert_eq!(emulator.function("GET", "/other"), None);
}

#[test]
fn any_takes_the_methods_that_no_other_route_of_the_path_names() {
    let emulator = Emulator::of(&["ANY /contacts", "GET /contacts", ""]);
    assert_eq!(emulator.function("GET", "/contacts"), Some("b"));
    assert_eq!(emulator.function("DELETE", "/contacts"), Some("a"));
}

#[test]
fn a_greedy_path_at_the_root_stands_in_for_the_wildcard() {
    let emulator = Emulator::of(&["GET /{proxy+}", "ANY /", ""]);
    assert_eq!(emulator.function("GET", "/any/thing"), Some("a"));
    assert_eq!(emulator.function("PUT", "/any/thing"), Some("c"));
    assert_eq!(emulator.function("PUT", "/"), Some("b"));
}

#[test]
fn the_table_is_the_same_for_the_same_routes() {
    let routes = template(&["GET /a/{b}", "POST /a", "", "GET /a"]).routes().to_vec();
    let reversed: Vec<_> = routes.iter().rev().cloned().collect();
    let table = router::toml(&routes).expect("a table");
    assert_eq!(table, router::toml(&reversed).expect("a table"));
    insta::assert_snapshot!(table);
}
