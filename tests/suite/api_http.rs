//! The walk through the API that a person takes in an editor is one that can be taken.

use std::collections::BTreeMap;
use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crosswalk::Scope;
use support::app::{Answer, TestApp};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/api.http");

/// A request of the file, as far as it can be told before those above it were answered.
struct Step {
    title: String,
    name: Option<String>,
    status: u16,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// What placeholders stand for.
struct Values {
    environment: BTreeMap<&'static str, String>,
    file: BTreeMap<String, String>,
    answers: BTreeMap<String, Answer>,
}

#[tokio::test]
async fn each_step_is_answered_as_the_file_says() {
    let test = TestApp::start().await;
    let client = test.client(&Scope::ALL).await;
    let environment = [
        ("CROSSWALK_URL", String::new()),
        ("CROSSWALK_CLIENT_ID", client.id.clone()),
        ("CROSSWALK_CLIENT_SECRET", client.secret.reveal().to_owned()),
    ];
    let walk = fs::read_to_string(FILE).unwrap();
    let mut blocks = walk.split("\n### ");
    let file = blocks.next().unwrap().lines().filter_map(|line| line.strip_prefix('@')?.split_once(" = "));
    let file = file.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut values = Values { environment: environment.into(), file, answers: BTreeMap::new() };
    let steps: Vec<_> = blocks.map(step).collect();
    assert!(steps.len() > 20, "{}", steps.len());
    for step in steps {
        let mut ask = test.ask(&step.method, &values.filled(&step.target));
        for (name, value) in &step.headers {
            ask = ask.header(name, &as_sent(&values.filled(value)));
        }
        let answer = ask.body(values.filled(&step.body)).send().await;
        assert_eq!(answer.status, step.status, "{}: {answer:?}", step.title);
        if let Some(name) = step.name {
            values.answers.insert(name, answer);
        }
    }
}

fn step(block: &str) -> Step {
    let mut lines = block.lines();
    let title = lines.next().unwrap().to_owned();
    let (mut name, mut status) = (None, None);
    let request = lines.by_ref().find(|line| {
        let comment = line.strip_prefix("# ");
        name = name.take().or_else(|| comment?.strip_prefix("@name ").map(str::to_owned));
        status = status.or_else(|| comment?.parse().ok());
        comment.is_none()
    });
    let (method, target) =
        request.and_then(|line| line.split_once(' ')).unwrap_or_else(|| panic!("{title}: no request"));
    let headers = lines.by_ref().take_while(|line| !line.is_empty()).map(|line| line.split_once(": ").unwrap());
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    let body = lines.collect::<Vec<_>>().join("\n").trim().to_owned();
    let status = status.unwrap_or_else(|| panic!("{title}: no status"));
    Step { title, name, status, method: method.to_owned(), target: target.to_owned(), headers, body }
}

/// The editor encodes what HTTP Basic wants encoded.
fn as_sent(header: &str) -> String {
    header.strip_prefix("Basic ").map_or_else(|| header.to_owned(), |plain| format!("Basic {}", STANDARD.encode(plain)))
}

impl Values {
    fn filled(&self, text: &str) -> String {
        let Some((before, rest)) = text.split_once("{{") else { return text.to_owned() };
        let (placeholder, after) = rest.split_once("}}").unwrap_or_else(|| panic!("{text}"));
        format!("{before}{}{}", self.value(placeholder), self.filled(after))
    }

    fn value(&self, placeholder: &str) -> String {
        if placeholder == "$guid" {
            return uuid::Uuid::now_v7().to_string();
        }
        if let Some(name) = placeholder.strip_prefix("$processEnv ") {
            return self.environment[name].clone();
        }
        if let Some(value) = self.file.get(placeholder) {
            return self.filled(value);
        }
        let (name, part) = placeholder.split_once(".response.").unwrap_or_else(|| panic!("{placeholder} is not known"));
        let answer = self.answers.get(name).unwrap_or_else(|| panic!("{placeholder}: not answered yet"));
        match part.split_once('.').unwrap() {
            ("headers", header) => answer.header(&header.to_lowercase()).to_owned(),
            (_, member) => answer.json()[member.trim_start_matches("$.")].as_str().unwrap().to_owned(),
        }
    }
}
