//! Requests to the APIs, each shown with its answer.

use std::{error::Error, time::Duration};

use reqwest::{Client, Method, RequestBuilder, StatusCode, header::CONTENT_TYPE, redirect};
use serde_json::{Value, json};
use tokio::time::{self, Instant};
use url::Url;

use crate::{
    answer::{Answer, in_brief},
    fault::Fault,
    report::Report,
    settings::Credentials,
};

/// A function that hasn't run yet is started by its first request.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long a change may be on its way to the other side, through functions that haven't run yet.
const EVENTUALLY: Duration = Duration::from_mins(1);

/// How often it is looked for meanwhile.
const PAUSE: Duration = Duration::from_millis(100);

/// The pause before a request to a deployed stack is sent again.
const PAUSE_BETWEEN: Duration = Duration::from_secs(1);

const JSON: &str = "application/json";

/// An API at its address: Crosswalk's, or the CRM's.
pub struct Api {
    client: Client,
    url: Url,
    /// What its requests are shown with, so that they are told apart.
    name: &'static str,
}

/// A request to be sent, and how it is shown.
pub struct Request {
    builder: RequestBuilder,
    shown: Vec<String>,
}

impl Api {
    pub fn new(name: &'static str, url: Url) -> Self {
        let client = Client::builder()
            .timeout(PATIENCE)
            .redirect(redirect::Policy::none())
            .build()
            .expect("the system has certificate authorities");
        Self { client, url, name }
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
        let shown = vec![format!("{}{method} {path}", self.name)];
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

    /// With a name and a password as a JSON body, of which the name is shown.
    pub fn with_login(mut self, credentials: &Credentials) -> Self {
        let body = json!({"username": credentials.id, "password": credentials.secret});
        self.builder = self.builder.header(CONTENT_TYPE, JSON).body(body.to_string());
        self.shown.push(format!("as {}", credentials.id));
        self
    }

    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self.shown.push(format!("{name}: {value}"));
        self
    }

    /// With a header whose value is not shown.
    pub fn with_hidden_header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    pub fn with_form(mut self, fields: &[(&str, &str)]) -> Self {
        self.builder = self.builder.form(fields);
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.shown.push(fields.join("&"));
        self
    }

    pub fn with_json(self, body: &Value) -> Self {
        self.with_body(JSON, body)
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
        let answer = answer(self.builder).await?;
        report.answered(&answer.headline());
        Ok(answer)
    }

    /// Sends it again and again until its answer is a 200 and as it should be. It and the last answer are shown.
    pub async fn send_until(
        self,
        report: &Report,
        as_it_should_be: impl Fn(&Answer) -> Result<(), Fault>,
    ) -> Result<Answer, Fault> {
        report.asked(&format!("{}  again and again", self.shown.join("  ")));
        let deadline = Instant::now() + EVENTUALLY;
        loop {
            let again = self.builder.try_clone().expect("a body that is no stream can be sent twice");
            let answer = answer(again).await?;
            let Err(fault) = answer.has_status(200).and_then(|()| as_it_should_be(&answer)) else {
                report.answered(&answer.headline());
                return Ok(answer);
            };
            if Instant::now() > deadline {
                report.answered(&answer.headline());
                return Err(Fault::TooLate { within: EVENTUALLY, fault: Box::new(fault) });
            }
            time::sleep(PAUSE).await;
        }
    }
}

/// When a request is sent again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// While there is no answer, or one that says to try again (429, 5xx). Any other answer is final.
    WhileUnavailable,
    /// Until the answer is as expected.
    UntilAsExpected,
}

impl Request {
    /// Sends it until its answer is as expected, for at most so long. It must be safe to send more than once.
    pub async fn send_within(
        self,
        report: &Report,
        within: Duration,
        repeat: Repeat,
        as_expected: impl Fn(&Answer) -> Result<(), Fault>,
    ) -> Result<Answer, Fault> {
        report.asked(&self.shown.join("  "));
        let deadline = Instant::now() + within;
        loop {
            let again = self.builder.try_clone().expect("a body that is no stream can be sent twice");
            let left = deadline.saturating_duration_since(Instant::now());
            let (fault, is_final) = match answer(again.timeout(left)).await {
                Ok(answer) => {
                    let Err(fault) = as_expected(&answer) else {
                        report.answered(&answer.headline());
                        return Ok(answer);
                    };
                    let status = answer.status;
                    let unavailable = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
                    (fault, repeat == Repeat::WhileUnavailable && !unavailable)
                }
                Err(Fault::Unreachable { url, reason }) => (Fault::NoAnswer { url, reason }, false),
                Err(fault) => (fault, true),
            };
            if is_final {
                return Err(fault);
            }
            if Instant::now() + PAUSE_BETWEEN >= deadline {
                return Err(Fault::StillAfter { within, fault: Box::new(fault) });
            }
            time::sleep(PAUSE_BETWEEN).await;
        }
    }
}

async fn answer(request: RequestBuilder) -> Result<Answer, Fault> {
    let response = request.send().await.map_err(|error| unreachable(&error))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let bytes = response.bytes().await.map_err(|error| unreachable(&error))?;
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Ok(Answer { status, headers, body })
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
