//! The Invoke API: one request, one invocation, and no retries that nobody asked for.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use std::{error::Error, time::Duration};

use bytes::Bytes;
use reqwest::{Client, Response, redirect, retry};
use serde_json::Value;
use tokio::{net::TcpStream, time::sleep};
use tracing::info;
use url::Url;

use crate::template::Function;

/// What a function may take beyond its own time-out, for it is built and started by its first request.
const START_ALLOWANCE: Duration = Duration::from_secs(30);

/// How often an endpoint that is awaited is looked for.
const POLL: Duration = Duration::from_millis(200);

/// The longest part of a failure's text that is worth a line of log.
const EXCERPT: usize = 500;

/// A way to a function. What triggers functions doesn't know which.
pub trait Invoke: Clone + Send + Sync + 'static {
    /// Invokes the function, waits for its end and gives its answer, which may be anything.
    fn invoke(&self, function: &Function, body: &Value) -> impl Future<Output = Result<Bytes, InvokeError>> + Send;
}

/// A client of the Invoke API.
#[derive(Clone, Debug)]
pub struct Invoker {
    client: Client,
    endpoint: Url,
}

/// How an invocation failed.
#[derive(Debug, thiserror::Error)]
pub enum InvokeError {
    /// The function, or the service before it, said so.
    #[error("{0}")]
    Failed(String),
    /// No answer in time. Lambda would have ended the function.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// The endpoint is away or went away, so nothing is known about the function.
    #[error("the endpoint can't be reached: {0}")]
    Unreachable(String),
}

impl Invoker {
    /// A client for the endpoint, such as `http://127.0.0.1:9000`.
    pub fn new(endpoint: Url) -> reqwest::Result<Self> {
        let client = Client::builder()
            // Each request is an invocation, so one more by the client's own choice would be a repeated event.
            .retry(retry::never())
            .redirect(redirect::Policy::none())
            // A kept connection that the other side closed meanwhile would cost a tick.
            .pool_max_idle_per_host(0)
            .no_proxy()
            .build()?;
        Ok(Self { client, endpoint })
    }

    /// Waits until something listens at the endpoint, so that a schedule's first tick isn't lost to a start in the
    /// wrong order.
    pub async fn wait_until_reachable(&self) {
        let address =
            (self.endpoint.host_str().unwrap_or_default(), self.endpoint.port_or_known_default().unwrap_or(80));
        let mut told = false;
        while let Err(error) = TcpStream::connect(address).await {
            if !told {
                info!(endpoint = %self.endpoint, %error, "waits until the endpoint can be reached");
                told = true;
            }
            sleep(POLL).await;
        }
    }
}

impl Invoke for Invoker {
    async fn invoke(&self, function: &Function, body: &Value) -> Result<Bytes, InvokeError> {
        let path = format!("/2015-03-31/functions/{}/invocations", function.name);
        let limit = function.timeout + START_ALLOWANCE;
        let url = self.endpoint.join(&path).map_err(|error| InvokeError::Unreachable(error.to_string()))?;
        let response =
            self.client.post(url).timeout(limit).json(body).send().await.map_err(|error| transport(&error, limit))?;
        outcome(response, limit).await
    }
}

/// Lambda tells a function's failure by a header on a 200, `cargo lambda watch` by a 500.
async fn outcome(response: Response, limit: Duration) -> Result<Bytes, InvokeError> {
    let status = response.status();
    let function_error = response.headers().contains_key("x-amz-function-error");
    // A body cut short is a lost connection, whatever its status promised.
    let body = response.bytes().await.map_err(|error| transport(&error, limit))?;
    if status.is_success() && !function_error {
        return Ok(body);
    }
    let excerpt: String = String::from_utf8_lossy(&body).chars().take(EXCERPT).collect();
    Err(InvokeError::Failed(format!("{status} {excerpt}")))
}

fn transport(error: &reqwest::Error, limit: Duration) -> InvokeError {
    if error.is_timeout() {
        return InvokeError::TimedOut(limit);
    }
    // reqwest's own message says little; the innermost cause names the fault.
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    InvokeError::Unreachable(cause.to_string())
}
