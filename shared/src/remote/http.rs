//! One request over HTTP, and what its answer means.

use std::error::Error as StdError;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, Method, Response, redirect};
use serde_json::Value;
use url::Url;

use super::{Failure, guard};
use crate::config::Crms;
use crate::error::{Error, Result};
use crate::json;
use crate::mapping::{Call, Verb};
use crate::telemetry::{Span, TraceParent};

/// No answer of a CRM is larger.
const MAX_ANSWER: usize = 1024 * 1024;

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(2);

/// A CRM that wants to be left alone doesn't say for how long.
const BUSY_FOR: Duration = Duration::from_secs(5);

/// None is asked again sooner, …
const BUSY_AT_LEAST: Duration = Duration::from_secs(1);

/// … and none is left alone for longer, whatever it says.
const BUSY_AT_MOST: Duration = Duration::from_hours(1);

/// The part of a refusal that is worth keeping.
const MAX_REASON: usize = 300;

/// A client that follows no redirect: where a CRM is says its connection alone.
pub(super) fn client(settings: &Crms) -> Result<Client> {
    let builder = Client::builder()
        .timeout(settings.call)
        .connect_timeout(CONNECT.min(settings.call))
        .redirect(redirect::Policy::none())
        .pool_idle_timeout(Duration::from_secs(30));
    let builder = if settings.private { builder } else { builder.dns_resolver(guard::Public) };
    builder.build().map_err(|error| Error::internal("make an HTTP client", error))
}

/// Sends a call with a token, if there is one. `Ok(None)`: the token is not good.
pub(super) async fn send(
    client: &Client,
    settings: &Crms,
    base_url: &str,
    call: &Call,
    token: Option<&str>,
    trace: Option<&TraceParent>,
) -> Result<Option<Value>, Failure> {
    let Call { verb, path, body } = call;
    let mut span = Span::client(word(*verb), trace.cloned());
    let url = Url::parse(&format!("{}{path}", base_url.trim_end_matches('/'))).ok();
    let url = url.filter(|url| settings.private || guard::may_be_asked(url));
    let url =
        url.ok_or_else(|| Failure::Unreached("the connection's address is none that a CRM may have".to_owned()))?;
    span.set_all(|| {
        let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default());
        [
            ("http.request.method", word(*verb).into()),
            ("server.address", host.to_owned().into()),
            ("server.port", i64::from(port).into()),
        ]
    });
    let mut request = client.request(method(*verb), url);
    if let Some(trace) = span.context() {
        request = request.header("traceparent", trace.as_str());
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.map_err(|error| unanswered(&error)).inspect_err(|_| span.fail("unanswered"))?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    span.set("http.response.status_code", i64::from(status));
    if status >= 400 {
        span.fail(status.to_string());
    }
    let body = read(response).await?;
    // What is told of a login may repeat it.
    let told = || told(call, status, if token.is_some() { &body } else { &[] });
    match status {
        200..300 => {
            Ok(Some(std::str::from_utf8(&body).ok().and_then(|text| json::parse(text).ok()).unwrap_or_default()))
        }
        401 => Ok(None),
        404 | 410 => Err(Failure::Gone),
        409 | 412 => Err(Failure::Stale(told())),
        429 => Err(Failure::Busy(retry_after(&headers))),
        503 if headers.contains_key(RETRY_AFTER) => Err(Failure::Busy(retry_after(&headers))),
        408 | 425 | 500.. => Err(Failure::Unanswered(told())),
        // Something before the CRM, or who may do what there: it is not for the record's sake, and may pass.
        ..=399 | 402 | 403 | 407 => Err(Failure::Unreached(told())),
        _ => Err(Failure::Refused(told())),
    }
}

/// The body, as far as we are willing to read it.
async fn read(mut response: Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unanswered(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            return Err(Failure::Unanswered(format!("the CRM's answer has more than {MAX_ANSWER} bytes")));
        }
    }
    Ok(body)
}

/// What the CRM said, for whoever looks after the link: it is the tenant's own data, and never logged.
fn told(call: &Call, status: u16, body: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(body).chars().filter(|c| !c.is_control()).take(MAX_REASON).collect();
    format!("{} was answered with {status} {text}", word(call.verb)).trim_end().to_owned()
}

fn unanswered(error: &reqwest::Error) -> Failure {
    // reqwest's own message names the URL, with the record's id in it; the innermost cause names the fault.
    let mut cause: &dyn StdError = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = format!("the CRM can't be reached: {cause}");
    match error {
        _ if error.is_connect() || error.is_builder() => Failure::Unreached(text),
        _ if error.is_timeout() => Failure::Unanswered("the CRM gave no answer in time".to_owned()),
        _ => Failure::Unanswered(text),
    }
}

/// Seconds, as CRMs give them (RFC 9110, section 10.2.3); a date is as good as nothing.
fn retry_after(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    seconds.map_or(BUSY_FOR, Duration::from_secs).clamp(BUSY_AT_LEAST, BUSY_AT_MOST)
}

fn word(verb: Verb) -> &'static str {
    match verb {
        Verb::Get => "GET",
        Verb::Post => "POST",
        Verb::Patch => "PATCH",
        Verb::Delete => "DELETE",
    }
}

fn method(verb: Verb) -> Method {
    match verb {
        Verb::Get => Method::GET,
        Verb::Post => Method::POST,
        Verb::Patch => Method::PATCH,
        Verb::Delete => Method::DELETE,
    }
}
