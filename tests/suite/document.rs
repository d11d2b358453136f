//! The description of the API says what there is: the routes of the template, the scopes and the errors of the code, and
//! examples that are what they are examples of.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Map, Value, json};
use support::app::{Setup, TestApp};
use triggers::template::Template;

/// An operation: its method, its path, and what is said of it.
struct Operation {
    method: String,
    path: String,
    said: Value,
}

#[tokio::test]
async fn the_routes_are_those_of_the_template() {
    let document = document(&TestApp::start().await).await;
    let template = Template::read(repository().join("template.yaml")).unwrap();
    let deployed = template.routes().iter().filter(|route| route.path != "$default");
    let deployed: BTreeSet<_> = deployed.map(|route| (route.method.to_string(), route.path.clone())).collect();
    let operations = operations(&document);
    let described: BTreeSet<_> = operations.iter().map(|it| (it.method.clone(), it.path.clone())).collect();
    assert_eq!(described, deployed, "left: the description, right: template.yaml");
    let mut ids = BTreeSet::new();
    for operation in &operations {
        let id = operation.said["operationId"].as_str().unwrap();
        let same =
            |it: &&triggers::template::Route| it.method.to_string() == operation.method && it.path == operation.path;
        let function = &template.routes().iter().find(same).unwrap().function;
        assert!(id == function || id.starts_with(&format!("{function}-")), "{id} is answered by {function}");
        assert!(ids.insert(id.to_owned()), "{id} is there twice");
        assert!(operation.said["summary"].is_string() && operation.said["tags"].is_array(), "{id}");
    }
}

#[tokio::test]
async fn the_scopes_are_those_that_the_code_asks_for() {
    let setup = Setup::default().setting("CROSSWALK_RATE_LIMIT", "1000/1000");
    let test = setup.start().await;
    let api = test.api_with(&[]).await;
    let document = document(&test).await;
    for operation in operations(&document) {
        let scope = operation.said["security"].as_array().unwrap().iter().find_map(|it| it["accessToken"][0].as_str());
        let answer = api.ask(&operation.method, &sample_path(&document, &operation)).send().await;
        let case = format!("{} {}", operation.method, operation.path);
        let asked = answer.header("www-authenticate").split("scope=\"").nth(1).and_then(|rest| rest.split('"').next());
        assert_eq!((answer.status == 403, asked), (scope.is_some(), scope), "{case}: {answer:?}");
        let stranger = test.ask(&operation.method, &sample_path(&document, &operation)).send().await;
        let is_open = operation.said["security"] == json!([]);
        assert_eq!(stranger.status < 400 || stranger.status == 404, is_open, "{case}: {stranger:?}");
    }
}

#[tokio::test]
async fn the_errors_are_those_of_the_code() {
    let document = document(&TestApp::start().await).await;
    let words = |schema: &str, name: &str| -> BTreeSet<String> {
        let words = &document["components"]["schemas"][schema]["properties"][name]["enum"];
        words.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let source = read("shared/src/http/problem.rs");
    let kinds = source.split("fn kind(").nth(1).unwrap().split("\n}").next().unwrap();
    let coded: BTreeSet<_> =
        kinds.split("(StatusCode::").skip(1).map(|arm| arm.split('"').nth(1).unwrap().to_owned()).collect();
    assert!(coded.len() > 20, "{coded:?}");
    assert_eq!(words("Problem", "code"), coded, "left: the description, right: the code");

    let source = read("shared/src/http/oauth.rs");
    let coded: BTreeSet<_> =
        source.split('"').skip(1).step_by(2).filter(|it| it.contains('_')).map(str::to_owned).collect();
    let coded = coded.into_iter().filter(|word| word != "error_description").collect();
    assert_eq!(words("OAuthError", "error"), coded, "left: the description, right: the code");

    let mut exemplified = BTreeSet::new();
    each_example(&document, &mut |_, example| {
        exemplified.extend(["code", "error"].iter().filter_map(|name| example[*name].as_str()).map(str::to_owned));
    });
    // No operation answers this one: it is for methods that there are not.
    exemplified.insert("method-not-allowed".to_owned());
    let unseen: Vec<_> = words("Problem", "code").difference(&exemplified).cloned().collect();
    assert!(unseen.is_empty(), "no operation answers these: {unseen:?}");
}

#[tokio::test]
async fn every_example_is_what_it_is_an_example_of() {
    let document = document(&TestApp::start().await).await;
    let mut seen = 0;
    each_example(&document, &mut |schema, example| {
        let faults: Vec<_> = validator(&document, schema).iter_errors(example).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{faults:#?}\n{schema}\n{example:#}");
        seen += 1;
    });
    assert!(seen > 100, "{seen}");
}

#[tokio::test]
async fn every_operation_is_told_whole() {
    let document = document(&TestApp::start().await).await;
    for operation in operations(&document) {
        let case = format!("{} {}", operation.method, operation.path);
        let answers = operation.said["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{case}");
        assert!(answers.contains_key("500"), "{case}");
        for (status, answer) in answers {
            let answer = resolved(&document, answer);
            assert!(answer["description"].as_str().unwrap().len() > 5, "{case} {status}");
            assert!(!answer["headers"]["X-Request-Id"].is_null(), "{case} {status}");
            for content in answer["content"].as_object().into_iter().flat_map(Map::values) {
                assert!(!content["schema"].is_null(), "{case} {status}");
                assert!(!content["example"].is_null() || !content["examples"].is_null(), "{case} {status}");
            }
        }
        for content in operation.said["requestBody"]["content"].as_object().into_iter().flat_map(Map::values) {
            assert!(!content["examples"].is_null(), "{case}");
        }
    }
}

async fn document(test: &TestApp) -> Value {
    test.ask("GET", "/openapi.json").send().await.expect(200).json()
}

fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().unwrap().iter();
    let all = paths.flat_map(|(path, methods)| {
        methods.as_object().unwrap().iter().map(|(method, said)| (path.clone(), method.to_uppercase(), said.clone()))
    });
    all.map(|(path, method, said)| Operation { method, path, said }).collect()
}

/// The path with the examples of its parameters in it.
fn sample_path(document: &Value, operation: &Operation) -> String {
    let parameters = operation.said["parameters"].as_array().into_iter().flatten();
    parameters
        .map(|it| resolved(document, it))
        .filter(|it| it["in"] == "path")
        .fold(operation.path.clone(), |path, it| {
            path.replace(&format!("{{{}}}", it["name"].as_str().unwrap()), it["example"].as_str().unwrap())
        })
}

/// Shows each example, with its schema.
fn each_example(document: &Value, show: &mut impl FnMut(&Value, &Value)) {
    let mut contents = Vec::new();
    collect(document, &mut contents);
    for content in contents {
        let one = content.get("example").into_iter();
        let several = content.get("examples").and_then(Value::as_object).into_iter().flat_map(Map::values);
        for example in one.chain(several.map(|example| &example["value"])) {
            show(&content["schema"], example);
        }
    }
}

/// All objects that have a schema and an example of it.
fn collect<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            if members.contains_key("schema") && (members.contains_key("example") || members.contains_key("examples")) {
                found.push(value);
            } else {
                members.values().for_each(|member| collect(member, found));
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, found)),
        _ => {}
    }
}

/// What a reference leads to, or the value itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let Some(reference) = value["$ref"].as_str() else { return value };
    document.pointer(reference.trim_start_matches('#')).unwrap_or_else(|| panic!("{reference} leads nowhere"))
}

fn validator(document: &Value, schema: &Value) -> Validator {
    let mut schema = schema.clone();
    schema["components"] = document["components"].clone();
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
}

fn read(path: &str) -> String {
    fs::read_to_string(repository().join(path)).unwrap()
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
