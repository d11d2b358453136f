//! Answers of an operation. Status, headers, media type and example are not written down: they are those of a real answer,
//! made by the code that makes it for callers.

use std::collections::{BTreeMap, BTreeSet};

use crosswalk::http::{Exchange, code, refusal};
use crosswalk::{Error, Request, Response};
use lambda_http::http::header::CONTENT_TYPE;
use lambda_http::{Context, RequestExt};
use serde_json::Value;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::link::Link;
use utoipa::openapi::response::{Response as Described, ResponseBuilder};
use utoipa::openapi::{ContentBuilder, Ref};

use super::headers;

const REQUEST_ID: &str = "8f14e45f-ceea-467f-a8c1-3e6bd1a2c790";

/// What an operation answers with one status.
#[derive(Default)]
pub(super) struct Answer {
    description: Vec<String>,
    headers: BTreeSet<&'static str>,
    media_type: Option<String>,
    schema: Option<&'static str>,
    examples: Vec<(String, String, Value)>,
    links: BTreeMap<&'static str, Link>,
}

impl Answer {
    /// Takes in an answer that went well.
    pub(super) fn add(&mut self, description: &str, schema: Option<&'static str>, response: &Response) {
        self.describe(description);
        self.schema = self.schema.or(schema);
        self.example(description, description, response);
    }

    /// Takes in a refusal.
    pub(super) fn refuse(&mut self, error: &Error, response: &Response) {
        let is_problem = media_type(response).is_some_and(|it| it == "application/problem+json");
        self.schema = Some(if is_problem { "Problem" } else { "OAuthError" });
        let body = json(response);
        let title = body["title"].as_str().or(body["error_description"].as_str()).unwrap_or_default();
        self.describe(title);
        self.example(code(error), title, response);
    }

    /// Says where to go on from this answer.
    pub(super) fn link(&mut self, name: &'static str, link: Link) {
        self.links.insert(name, link);
    }

    /// Adds headers that do not depend on what is answered.
    pub(super) fn headers(&mut self, names: &[&'static str]) {
        self.headers.extend(names);
    }

    fn describe(&mut self, text: &str) {
        if !text.is_empty() && !self.description.iter().any(|known| known == text) {
            self.description.push(text.to_owned());
        }
    }

    fn example(&mut self, name: &str, summary: &str, response: &Response) {
        self.headers.extend(response.headers().keys().filter_map(headers::documented));
        self.media_type = self.media_type.take().or_else(|| media_type(response));
        if self.media_type.is_some() {
            self.examples.push((name.to_owned(), summary.to_owned(), json(response)));
        }
    }

    pub(super) fn described(self) -> Described {
        let mut described = ResponseBuilder::new().description(sentences(&self.description));
        for name in self.headers {
            described = described.header_ref(name, Ref::new(format!("#/components/headers/{name}")));
        }
        for (name, link) in self.links {
            described = described.link(name, link);
        }
        let Some(media_type) = self.media_type else { return described.build() };
        let content = ContentBuilder::new().schema(self.schema.map(Ref::from_schema_name));
        let content = match <[_; 1]>::try_from(self.examples) {
            Ok([(.., value)]) => content.example(Some(value)),
            Err(several) => content.examples_from_iter(examples(several)),
        };
        described.content(media_type, content.build()).build()
    }
}

/// Examples by name. They are kept sorted by it, and are to stand in the order in which they were told.
pub(super) fn examples(told: Vec<(String, String, Value)>) -> impl Iterator<Item = (String, Example)> {
    (1..).zip(told).map(|(number, (name, summary, value))| {
        let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let name = format!("{number}-{}", words.collect::<Vec<_>>().join("-").to_lowercase());
        (name, ExampleBuilder::new().summary(summary).value(Some(value)).build())
    })
}

/// What an answer can mean, one after the other.
fn sentences(meanings: &[String]) -> String {
    let mut told = meanings.join(". Or: ");
    if let Some(first) = told.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    told + "."
}

/// The answer to a request for this path that ends in this error.
pub(super) fn refused(error: &Error, path: &str) -> Response {
    let mut context = Context::default();
    REQUEST_ID.clone_into(&mut context.request_id);
    let request = Request::default().with_raw_http_path(path).with_lambda_context(context);
    let exchange = Exchange::without_span(&request);
    let mut response = refusal(error, &exchange);
    exchange.finish(response.headers_mut());
    response
}

fn media_type(response: &Response) -> Option<String> {
    let header = response.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    header.split(';').next().map(str::to_owned)
}

/// The body: as JSON, or as text if it is something else.
fn json(response: &Response) -> Value {
    let bytes: &[u8] = response.body().as_ref();
    serde_json::from_slice(bytes).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(bytes)))
}
