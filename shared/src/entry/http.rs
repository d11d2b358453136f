//! Functions behind the HTTP API.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures::FutureExt;
use lambda_http::http::StatusCode;
use lambda_http::service_fn;
use tracing::{Instrument, info_span};

use super::start;
use crate::app::{App, Need};
use crate::error::{Error, Result};
use crate::events::TraceParent;
use crate::http::{Exchange, Request, Response, code, refusal};

/// A route's `handle`: an async function of the instance and a request.
///
/// A plain `AsyncFn` bound would not do: the runtime wants to know that the future is `Send`.
pub trait Handler<'a>: Fn(&'a App, Request) -> Self::Future + Send + Sync {
    /// The future it returns.
    type Future: Future<Output = Result<Response>> + Send + 'a;
}

impl<'a, H, F> Handler<'a> for H
where
    H: Fn(&'a App, Request) -> F + Send + Sync,
    F: Future<Output = Result<Response>> + Send + 'a,
{
    type Future = F;
}

/// Runs a route. What nearly all its requests need is opened at once; the rest when a request asks for it.
pub async fn http<H>(needs: &'static [Need], handle: H) -> Result<(), lambda_http::Error>
where
    H: for<'a> Handler<'a>,
{
    let app = start(needs)?;
    let (app, handle) = (&*app, &handle);
    lambda_http::run(service_fn(move |request: Request| async move {
        Ok::<_, std::convert::Infallible>(answer(app, handle, request).await)
    }))
    .await
}

/// Answers one request: whatever happens in the handler, the caller gets a whole answer in the one form.
pub async fn answer<'a, H: Handler<'a>>(app: &'a App, handle: &H, mut request: Request) -> Response {
    let began = Instant::now();
    let exchange = Exchange::begin(&mut request);
    let span = info_span!("request", requestId = exchange.request_id, traceId = trace_id(&exchange));
    let handled = AssertUnwindSafe(handle(app, request)).catch_unwind().instrument(span.clone());
    let outcome = match tokio::time::timeout(app.config.limits.time, handled).await {
        Ok(outcome) => outcome.unwrap_or_else(|panic| Err(Error::internal("handle a request", panic_text(&*panic)))),
        Err(elapsed) => {
            app.database.forget();
            Err(Error::unavailable("a store", elapsed))
        }
    };
    let _entered = span.enter();
    let error = outcome.as_ref().err().map(|error| (code(error), error.chain()));
    let mut response = outcome.unwrap_or_else(|error| refusal(&error, &exchange));
    exchange.finish(response.headers_mut());
    log(&exchange, response.status(), error, began);
    response
}

/// One line a request. A cause is told here and nowhere else; it never holds what a caller sent.
fn log(exchange: &Exchange, status: StatusCode, error: Option<(&'static str, String)>, began: Instant) {
    let (tenant, client) = exchange.caller();
    let status = status.as_u16();
    let elapsed_ms = began.elapsed().as_secs_f64() * 1e3;
    let method = exchange.method.as_str();
    match error {
        None => tracing::info!(method, status, elapsed_ms, tenant, client, "request answered"),
        Some((code, cause)) if status >= 500 => {
            tracing::error!(method, status, elapsed_ms, tenant, client, code, cause, "request failed");
        }
        Some((code, _)) => tracing::info!(method, status, elapsed_ms, tenant, client, code, "request refused"),
    }
}

fn trace_id(exchange: &Exchange) -> Option<&str> {
    exchange.traceparent.as_ref().map(TraceParent::trace_id)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text =
        panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panic: {}", text.unwrap_or_default())
}
