//! A route, told step by step.

use std::collections::BTreeMap;

use crosswalk::{Error, Response, Scope};
use serde_json::Value;
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, Response as Described};

use super::answer::{self, Answer, refused};
use super::{headers, parameters, refusals, security};

/// A route and its one operation.
pub(super) struct Route {
    pub(super) method: HttpMethod,
    pub(super) path: &'static str,
    operation: OperationBuilder,
    answers: BTreeMap<u16, Answer>,
    shared: BTreeMap<u16, &'static str>,
    /// Whether the quota is told, and with which statuses it is not, because they come before the count.
    counted: Option<&'static [u16]>,
    /// The path of the examples.
    sample: String,
}

impl Route {
    pub(super) fn new(method: HttpMethod, path: &'static str, id: &str, summary: &str) -> Self {
        let operation = OperationBuilder::new().operation_id(Some(id)).summary(Some(summary)).securities(Some([]));
        let (answers, shared) = (BTreeMap::new(), BTreeMap::new());
        let route = Self { method, path, operation, answers, shared, counted: None, sample: path.to_owned() };
        route.shares(500, "InternalServerError")
    }

    pub(super) fn tag(mut self, tag: &str) -> Self {
        self.operation = self.operation.tag(tag);
        self
    }

    pub(super) fn about(mut self, description: &str) -> Self {
        self.operation = self.operation.description(Some(description));
        self
    }

    /// It asks for a token that reaches this far, and counts its client's requests.
    pub(super) fn scope(mut self, scope: Scope) -> Self {
        self.operation = self.operation.security(security::token(scope));
        self.counted = Some(&[]);
        self.shares(401, "Unauthorized").shares(403, "Forbidden").shares(429, "TooManyRequests").stored()
    }

    /// It asks for a client's secret.
    pub(super) fn client(mut self) -> Self {
        self.operation = self.operation.securities(Some(security::client()));
        self.shared.clear();
        self
    }

    /// It asks for a signature, and then counts its connection's requests.
    pub(super) fn signed(mut self) -> Self {
        self.operation = self.operation.security(security::signature());
        self.counted = Some(&[401, 413]);
        self.shares(429, "TooManyRequests").stored()
    }

    /// Without PostgreSQL it can do nothing.
    pub(super) fn stored(self) -> Self {
        self.shares(503, "ServiceUnavailable")
    }

    /// Parameters, by the names under which they are described.
    pub(super) fn parameters(mut self, names: &[&str]) -> Self {
        for name in names {
            let reference = Ref::new(format!("#/components/parameters/{name}"));
            self.operation = self.operation.parameter_ref(reference);
        }
        self
    }

    /// What the path names, in its order.
    pub(super) fn names(mut self, names: &[&str]) -> Self {
        for name in names {
            let example = parameters::PATH.iter().find(|(known, _)| known == name).map_or("", |(_, example)| example);
            let parts = self.sample.split_once('{').and_then(|(start, rest)| Some((start, rest.split_once('}')?.1)));
            self.sample = parts.map(|(start, end)| format!("{start}{example}{end}")).unwrap_or_default();
        }
        self.parameters(names)
    }

    /// A body in this form, and examples of it.
    pub(super) fn takes(self, media_types: &[&str], schema: &str, examples: &[(&str, Value)]) -> Self {
        self.body(Required::True, media_types, schema, examples)
    }

    /// A body that may be left out.
    pub(super) fn may_take(self, schema: &str, examples: &[(&str, Value)]) -> Self {
        self.body(Required::False, &["application/json"], schema, examples)
    }

    fn body(mut self, required: Required, media_types: &[&str], schema: &str, examples: &[(&str, Value)]) -> Self {
        let told = |(summary, value): &(&str, Value)| ((*summary).to_owned(), (*summary).to_owned(), value.clone());
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema)));
        let content = content.examples_from_iter(answer::examples(examples.iter().map(told).collect()));
        let content = content.build();
        let body = RequestBodyBuilder::new().required(Some(required));
        let body = media_types.iter().fold(body, |body, media_type| body.content(*media_type, content.clone()));
        self.operation = self.operation.request_body(Some(body.build()));
        self
    }

    /// An answer that went well, as it is made for callers.
    pub(super) fn answers(
        mut self,
        description: &str,
        schema: impl Into<Option<&'static str>>,
        response: &Response,
    ) -> Self {
        self.answers.entry(response.status().as_u16()).or_default().add(description, schema.into(), response);
        self
    }

    /// Refusals, as they are made for callers.
    pub(super) fn refuses(mut self, errors: impl IntoIterator<Item = Error>) -> Self {
        for error in errors {
            let response = refused(&error, &self.sample);
            let status = response.status().as_u16();
            match refusals::shared(&error) {
                // The token endpoints have a form of their own (RFC 6749), so they share nothing.
                Some(name) if !self.path.starts_with("/oauth/") => drop(self.shared.insert(status, name)),
                _ => self.answers.entry(status).or_default().refuse(&error, &response),
            }
        }
        self
    }

    /// Where to go on from an answer: a name, an operation, and what it is to be given.
    pub(super) fn leads(mut self, status: u16, name: &'static str, operation: &str, given: &[(&str, &str)]) -> Self {
        let link = LinkBuilder::new().operation_id(operation);
        let link = given.iter().fold(link, |link, (name, expression)| link.parameter(*name, *expression));
        self.answers.entry(status).or_default().link(name, link.build());
        self
    }

    fn shares(mut self, status: u16, name: &'static str) -> Self {
        self.shared.insert(status, name);
        self
    }

    pub(super) fn operation(self) -> Operation {
        let mut responses: BTreeMap<u16, RefOr<Described>> = BTreeMap::new();
        for (status, mut answer) in self.answers {
            answer.headers(&[headers::REQUEST_ID]);
            if self.counted.is_some_and(|before| !before.contains(&status)) {
                answer.headers(&headers::RATE);
            }
            responses.insert(status, answer.described().into());
        }
        for (status, name) in self.shared {
            responses.insert(status, Ref::from_response_name(name).into());
        }
        responses
            .into_iter()
            .fold(self.operation, |it, (status, answer)| it.response(status.to_string(), answer))
            .build()
    }
}
