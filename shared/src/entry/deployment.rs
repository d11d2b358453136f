//! Functions that are part of a deployment: `CloudFormation`'s custom resources
//! (<https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref.html>).
//!
//! `CloudFormation` waits until it is told how it went, so it is told in any case: of a failure, of a panic, and of work
//! that does not come to its end in time.
//!
//! A function runs seconds after the stores were created: a name may not resolve yet, a permission may not have spread.
//! A failed deployment takes the whole stack back, so what is unavailable is tried again until the invocation's end.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use lambda_http::lambda_runtime::{Context, LambdaEvent};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::clock::End;
use crate::error::{Error, Result};

/// The longest that a function may work, and some time to tell that it did not come to an end.
const LONGEST: Duration = Duration::from_secs(870);

/// How long the answer may be on its way, how often it is sent, and the pause between.
const ANSWER: Duration = Duration::from_secs(4);
const ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// The pause before the second attempt. It doubles, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// In characters: `CloudFormation` takes an answer of 4096 bytes.
const LONGEST_REASON: usize = 800;

/// What `CloudFormation` asks for.
#[derive(Debug, Deserialize)]
struct Request {
    #[serde(rename = "RequestType")]
    change: Change,
    #[serde(rename = "ResponseURL")]
    answer_to: String,
    #[serde(flatten)]
    resource: Resource,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Change {
    Create,
    Update,
    Delete,
}

/// Which resource it is, and which request, for the answer to name them.
#[derive(Debug, Deserialize, Serialize)]
struct Resource {
    #[serde(rename = "StackId")]
    stack: String,
    #[serde(rename = "RequestId")]
    request: String,
    #[serde(rename = "LogicalResourceId")]
    logical: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    status: &'static str,
    reason: String,
    physical_resource_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(flatten)]
    resource: &'a Resource,
}

/// Does the work of a custom resource and tells `CloudFormation` how it went. The resource has one name for ever; its end
/// needs no work. Whoever calls the function by hand is answered like any caller, after one attempt.
pub async fn deploy<F>(event: LambdaEvent<Value>, name: &str, attempt: impl Fn() -> F) -> Result<Value>
where
    F: Future<Output = Result<Value>>,
{
    if event.payload.get("ResponseURL").is_none() {
        return attempt().await;
    }
    let request: Request = serde_json::from_value(event.payload)
        .map_err(|error| Error::internal("read a request of CloudFormation", error))?;
    let outcome = match request.change {
        Change::Delete => Ok(Value::Null),
        Change::Create | Change::Update => until(&End::after(LONGEST, event.context.deadline), attempt).await,
    };
    tell(&request, &answer(&request, name, &outcome, &event.context)).await?;
    outcome
}

/// Repeats the attempt while it fails with [`Error::Unavailable`]. Any other failure is final, and so is the last one
/// before the end.
async fn until<F>(end: &End, attempt: impl Fn() -> F) -> Result<Value>
where
    F: Future<Output = Result<Value>>,
{
    let (mut pause, mut last) = (FIRST_PAUSE, None);
    loop {
        let error = match timeout(end.left(), AssertUnwindSafe(attempt()).catch_unwind()).await {
            Ok(Ok(Err(error @ Error::Unavailable { .. }))) => error,
            Ok(Ok(outcome)) => return outcome,
            Ok(Err(_)) => return Err(Error::internal("do a deployment's work", "panic")),
            // The attempt was cut off, so the failure of the one before says more.
            Err(elapsed) => {
                return Err(last.unwrap_or_else(|| Error::internal("do a deployment's work in time", elapsed)));
            }
        };
        if end.left() <= pause {
            return Err(error);
        }
        tracing::warn!(cause = error.chain(), pause_s = pause.as_secs(), "a deployment step failed; retrying");
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        last = Some(error);
    }
}

/// The reason has the causes too: whoever deploys may not have the log at hand, and no cause holds a secret.
fn answer<'a>(request: &'a Request, name: &'a str, outcome: &'a Result<Value>, context: &Context) -> Answer<'a> {
    let log = format!("log group {}, log stream {}", context.env_config.log_group, context.env_config.log_stream);
    let (status, reason) = match outcome {
        Ok(_) => ("SUCCESS", log),
        Err(error) => {
            let causes: String = error.chain().chars().take(LONGEST_REASON).collect();
            ("FAILED", format!("Could not: {causes}. More is in {log}, request {}", context.request_id))
        }
    };
    // What other resources may ask for by its name; they can be told texts, and not many.
    let texts = |data: &&Value| data.as_object().is_some_and(|data| data.values().all(Value::is_string));
    let data = outcome.as_ref().ok().filter(texts);
    Answer { status, reason, physical_resource_id: name, data, resource: &request.resource }
}

/// Puts the answer where it is waited for.
async fn tell(request: &Request, answer: &Answer<'_>) -> Result<()> {
    let failed = |error| Error::unavailable("CloudFormation", error);
    // The address is a secret: no proxy of the environment may see it.
    let client = reqwest::Client::builder().timeout(ANSWER).no_proxy().build();
    let client = client.map_err(|error| failed(error.to_string()))?;
    let body = serde_json::to_string(answer).map_err(|error| failed(error.to_string()))?;
    let mut last = String::new();
    for _ in 0..ATTEMPTS {
        // The address is signed for an answer without a media type. It is a secret: errors are told without it.
        let sent = client.put(&request.answer_to).body(body.clone()).send().await;
        match sent.and_then(reqwest::Response::error_for_status) {
            Ok(_) => return Ok(()),
            Err(error) => last = error.without_url().to_string(),
        }
        sleep(PAUSE).await;
    }
    Err(failed(last))
}
