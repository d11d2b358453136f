//! Functions without a route: schedules, event source mappings, deployment.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use lambda_http::lambda_runtime::{self, Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde_json::Value;
use tracing::{Instrument, info_span};

use super::start;
use crate::app::{App, Need};
use crate::error::{Error, Result};

/// A function's `handle`: an async function of the instance and an event.
pub trait EventHandler<'a, R>: Fn(&'a App, LambdaEvent<Value>) -> Self::Future + Send + Sync {
    /// The future it returns.
    type Future: Future<Output = Result<R>> + Send + 'a;
}

impl<'a, H, F, R> EventHandler<'a, R> for H
where
    H: Fn(&'a App, LambdaEvent<Value>) -> F + Send + Sync,
    F: Future<Output = Result<R>> + Send + 'a,
{
    type Future = F;
}

/// Runs a function. What all its invocations need is opened at once.
pub async fn event<H, R>(needs: &'static [Need], handle: H) -> Result<(), lambda_runtime::Error>
where
    H: for<'a> EventHandler<'a, R>,
    R: Serialize,
{
    let app = start(needs)?;
    let (app, handle) = (&*app, &handle);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| async move {
        let span = info_span!("invocation", requestId = event.context.request_id);
        let outcome = AssertUnwindSafe(handle(app, event)).catch_unwind().instrument(span).await;
        outcome.unwrap_or_else(|_| Err(Error::internal("handle an event", "panic"))).inspect_err(|error| {
            tracing::error!(cause = error.chain(), "invocation failed");
        })
    }))
    .await
}

/// What the caller of the Invoke API sees of a failure; the cause is in the log.
impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let error_type = match error {
            Error::Unavailable { .. } => "Unavailable",
            _ => "Failed",
        };
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}
