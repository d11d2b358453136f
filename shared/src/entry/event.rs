//! Functions without a route: schedules, event source mappings, deployment.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use lambda_http::lambda_runtime::{self, Diagnostic, LambdaEvent, Runtime, service_fn};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tracing::{Instrument, info_span};

use super::start;
use crate::app::{App, Need};
use crate::error::{Error, Result};
use crate::telemetry::{self, Invocation, Store, name_of};

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
    let app = start(needs).await?;
    let (app, handle) = (&*app, &handle);
    let service = service_fn(move |event: LambdaEvent<Box<RawValue>>| work(app, handle, event));
    // `lambda_runtime::run` adds a span of its own around ours, which would say the same.
    Runtime::new(service).run().await
}

/// Does the work of one invocation.
async fn work<'a, H, R>(app: &'a App, handle: &H, event: LambdaEvent<Box<RawValue>>) -> Result<R>
where
    H: EventHandler<'a, R>,
{
    let invocation = Invocation::begin(name_of::<H>(), None);
    let LambdaEvent { payload, context, .. } = event;
    let request_id = context.request_id.clone();
    let span = info_span!("invocation", requestId = request_id);
    // The relay's future is large, and nothing is lost by one allocation an invocation.
    let handled = Box::pin(async move { handle(app, LambdaEvent::new(read(&payload)?, context)).await });
    let handled = AssertUnwindSafe(handled).catch_unwind().instrument(span);
    let outcome = invocation.during(handled).await;
    let outcome = outcome.unwrap_or_else(|_| Err(Error::internal("handle an event", "panic")));
    log(&invocation, &request_id, outcome.as_ref().err());
    invocation.tell();
    telemetry::flush().await;
    outcome
}

/// The runtime notes the way to each value while it parses, for messages about faults that plain JSON can't have. For a batch of
/// records that costs a fifth of all the work, so the parsing is done here.
fn read(payload: &RawValue) -> Result<Value> {
    serde_json::from_str(payload.get()).map_err(|error| Error::internal("read an event", error))
}

/// One line an invocation.
fn log(invocation: &Invocation, request_id: &str, error: Option<&Error>) {
    macro_rules! tell {
        ($level:ident, $outcome:literal, $message:literal) => {
            tracing::$level!(
                requestId = request_id,
                function = invocation.function,
                outcome = $outcome,
                cause = error.map(Error::chain),
                elapsedMs = invocation.elapsed_ms(),
                postgresqlTrips = invocation.trips(Store::PostgreSql),
                redisTrips = invocation.trips(Store::Redis),
                $message
            )
        };
    }
    if error.is_none() {
        tell!(info, "ok", "invocation ended");
    } else {
        tell!(error, "failed", "invocation failed");
    }
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
