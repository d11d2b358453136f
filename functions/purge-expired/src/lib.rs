//! Erases what is past its retention. It runs each hour; what one run does not come to, the next does.

use std::time::Duration;

use crosswalk::clock::End;
use crosswalk::purge::{self, Report};
use crosswalk::{App, Result};
use lambda_http::lambda_runtime::LambdaEvent;
use serde_json::Value;

/// The last step needs some time too, and the function's `Timeout` is 300 s.
const LONGEST: Duration = Duration::from_secs(270);

/// Answers how much was erased. The event only says that it is time.
pub async fn handle(app: &App, event: LambdaEvent<Value>) -> Result<Report> {
    purge::run(app, &End::after(LONGEST, event.context.deadline)).await
}
