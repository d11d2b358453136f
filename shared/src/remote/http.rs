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

/// Why a connection is not called.
const INVALID_ADDRESS: &str = "`base_url` must be a public https address without user info, query or fragment";

/// The part of a refusal that is worth keeping.
const MAX_REASON: usize = 300;

/// A client that follows no redirect and uses no proxy of the environment: where a CRM is says its connection alone,
/// and a proxy would resolve names past [`guard::Public`].
pub(super) fn client(settings: &Crms) -> Result<Client> {
    let builder = Client::builder()
        .timeout(settings.call)
        .connect_timeout(CONNECT.min(settings.call))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .pool_idle_timeout(Duration::from_secs(30));
    let builder = if settings.private { builder } else { builder.dns_resolver(guard::Public) };
    builder.build().map_err(|error| Error::internal("make an HTTP client", error))
}

/// Sends a call with a token, if there is one. `Ok(None)`: the token is not good, or cannot be sent.
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
    let url = address(settings, base_url, path).ok_or_else(|| Failure::Unreached(INVALID_ADDRESS.to_owned()))?;
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
    let request = match request.build() {
        Ok(request) => request,
        // Everything but the token was checked before.
        Err(_) if token.is_some() => return Ok(None),
        Err(error) => return Err(unanswered(&error)),
    };
    let response = client.execute(request).await;
    let response = response.map_err(|error| unanswered(&error)).inspect_err(|_| span.fail("unanswered"))?;
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

/// The address of a path below `base_url`. User info would be sent as a header, and a query or fragment would take in
/// the path.
fn address(settings: &Crms, base_url: &str, path: &str) -> Option<Url> {
    let base = Url::parse(base_url).ok()?;
    let plain = base.username().is_empty() && base.password().is_none();
    if !plain || base.query().is_some() || base.fragment().is_some() {
        return None;
    }
    let url = Url::parse(&format!("{}{path}", base_url.trim_end_matches('/'))).ok()?;
    (settings.private || guard::may_be_asked(&url)).then_some(url)
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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::{address, client, send};
    use crate::config::{Config, Env};
    use crate::mapping::{Call, Verb};

    /// Nobody listens there.
    const PROXY: &str = "http://127.0.0.1:9";

    #[test]
    fn calls_ignore_the_proxies_of_the_environment() {
        let test = std::env::current_exe().unwrap();
        let child = Command::new(test)
            .args(["--exact", "remote::http::tests::call_reaches_its_server"])
            .envs(["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"].map(|name| (name, PROXY)))
            .env_remove("no_proxy")
            .env_remove("NO_PROXY")
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && output.contains("1 passed"), "{output}");
    }

    /// `calls_ignore_the_proxies_of_the_environment` also runs it in a process with proxy variables.
    #[tokio::test]
    async fn call_reaches_its_server() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.read(&mut [0; 4096]).await.unwrap();
            socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
        };
        let env: Env = [("CROSSWALK_CRM_PRIVATE".to_owned(), "true".to_owned())].into_iter().collect();
        let crms = Config::read(&env).unwrap().crms;
        let (client, call) = (client(&crms).unwrap(), Call::new(Verb::Get, "/contacts"));
        let calling = send(&client, &crms, &url, &call, None, None);
        let (answer, ()) = tokio::join!(calling, server);
        assert!(answer.unwrap().is_some());
    }

    #[test]
    fn base_url_with_user_info_query_or_fragment_is_rejected() {
        for private in ["false", "true"] {
            let env: Env = [("CROSSWALK_CRM_PRIVATE".to_owned(), private.to_owned())].into_iter().collect();
            let crms = Config::read(&env).unwrap().crms;
            let address = |base: &str| address(&crms, base, "/contacts").map(String::from);
            assert_eq!(address("https://crm.example.com/v1/").as_deref(), Some("https://crm.example.com/v1/contacts"));
            for base in [
                "https://user@crm.example.com",
                "https://user:password@crm.example.com",
                "https://:password@crm.example.com",
                "https://crm.example.com/x?y=",
                "https://crm.example.com/x?",
                "https://crm.example.com/x#z",
                "https://crm.example.com#",
                "crm.example.com",
                "",
            ] {
                assert_eq!(address(base), None, "{base}");
            }
        }
    }
}
