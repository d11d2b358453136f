//! Requests to the API, each shown with its answer.

use std::{error::Error, time::Duration};

use reqwest::{Client, Method, RequestBuilder, header::CONTENT_TYPE, redirect};
use serde_json::Value;
use url::Url;

use crate::{
    answer::{Answer, in_brief},
    fault::Fault,
    report::Report,
    settings::Credentials,
};

/// A function that hasn't run yet is started by its first request.
const PATIENCE: Duration = Duration::from_mins(1);

/// The API at its address.
pub struct Api {
    client: Client,
    url: Url,
}

/// A request to be sent, and how it is shown.
pub struct Request {
    builder: RequestBuilder,
    shown: Vec<String>,
}

impl Api {
    pub fn new(url: Url) -> Self {
        let client = Client::builder()
            .timeout(PATIENCE)
            .redirect(redirect::Policy::none())
            .build()
            .expect("a client without TLS and proxies has nothing that could be missing");
        Self { client, url }
    }

    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Request {
        self.request(Method::POST, path)
    }

    pub fn put(&self, path: &str) -> Request {
        self.request(Method::PUT, path)
    }

    pub fn patch(&self, path: &str) -> Request {
        self.request(Method::PATCH, path)
    }

    pub fn delete(&self, path: &str) -> Request {
        self.request(Method::DELETE, path)
    }

    fn request(&self, method: Method, path: &str) -> Request {
        let shown = vec![format!("{method} {path}")];
        let address = format!("{}{path}", self.url.as_str().trim_end_matches('/'));
        Request { builder: self.client.request(method, address), shown }
    }
}

impl Request {
    /// With the access token, which is not shown.
    pub fn with_token(mut self, token: &str) -> Self {
        self.builder = self.builder.bearer_auth(token);
        self
    }

    /// With the client's id and secret, of which the id is shown.
    pub fn with_credentials(mut self, credentials: &Credentials) -> Self {
        self.builder = self.builder.basic_auth(&credentials.id, Some(&credentials.secret));
        self.shown.push(format!("as {}", credentials.id));
        self
    }

    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self.shown.push(format!("{name}: {value}"));
        self
    }

    pub fn with_form(mut self, fields: &[(&str, &str)]) -> Self {
        self.builder = self.builder.form(fields);
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.shown.push(fields.join("&"));
        self
    }

    pub fn with_json(self, body: &Value) -> Self {
        self.with_body("application/json", body)
    }

    /// With a merge patch (RFC 7396).
    pub fn with_patch(self, patch: &Value) -> Self {
        self.with_body("application/merge-patch+json", patch)
    }

    fn with_body(mut self, media_type: &str, body: &Value) -> Self {
        self.builder = self.builder.header(CONTENT_TYPE, media_type).body(body.to_string());
        self.shown.push(in_brief(body));
        self
    }

    /// Sends it and shows both sides.
    pub async fn send(self, report: &Report) -> Result<Answer, Fault> {
        report.asked(&self.shown.join("  "));
        let response = self.builder.send().await.map_err(|error| unreachable(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.map_err(|error| unreachable(&error))?;
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let answer = Answer { status, headers, body };
        report.answered(&answer.headline());
        Ok(answer)
    }
}

fn unreachable(error: &reqwest::Error) -> Fault {
    let url = error.url().map_or_else(String::new, Url::to_string);
    // reqwest's own message says little; the innermost cause names the fault.
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Fault::Unreachable { url, reason: cause.to_string() }
}
