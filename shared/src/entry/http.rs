//! Functions behind the HTTP API.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use lambda_http::http::StatusCode;
use lambda_http::lambda_runtime::Runtime;
use lambda_http::{Adapter, service_fn};
use tracing::{Instrument, info_span};

use super::start;
use crate::app::{App, Need};
use crate::error::{Error, Result};
use crate::http::{Exchange, Request, Response, code, refusal};
use crate::telemetry::{self, Invocation, Store, name_of};
use crate::tokens;

/// A refused login waits no longer for the key of the hash in its log line.
const HASH_TIMEOUT: Duration = Duration::from_secs(1);

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
    let app = start(needs).await?;
    let (app, handle) = (&*app, &handle);
    let service = service_fn(move |request: Request| async move {
        Ok::<_, std::convert::Infallible>(answer(app, handle, request).await)
    });
    // `lambda_http::run` adds a span of its own around ours, which would say the same.
    Runtime::new(Adapter::from(service)).run().await
}

/// Answers one request: whatever happens in the handler, the caller gets a whole answer in the one form.
pub async fn answer<'a, H: Handler<'a>>(app: &'a App, handle: &H, mut request: Request) -> Response {
    let (exchange, mut trace) = Exchange::begin(&mut request);
    let invocation = Invocation::begin(name_of::<H>(), Some(&trace));
    let span = info_span!("request", requestId = exchange.request_id, traceId = exchange.trace_id());
    let handled = AssertUnwindSafe(handle(app, request)).catch_unwind().instrument(span);
    let outcome = match invocation.during(tokio::time::timeout(app.config.limits.time, handled)).await {
        // A panic's text may quote what the caller sent.
        Ok(outcome) => outcome.unwrap_or_else(|_| Err(Error::internal("handle a request", "panic"))),
        Err(elapsed) => {
            app.database.forget();
            Err(Error::unavailable("a store", elapsed))
        }
    };
    let error = outcome.as_ref().err().map(|error| (code(error), error.chain()));
    let mut response = outcome.unwrap_or_else(|error| refusal(&error, &exchange));
    exchange.finish(response.headers_mut());
    let address_hash = address_hash(app, &exchange, response.status()).await;
    log(&invocation, &exchange, response.status(), error, address_hash.as_deref());
    invocation.answered(response.status().as_u16());
    invocation.tell();
    trace.set("http.response.status_code", i64::from(response.status().as_u16()));
    if response.status().is_server_error() {
        trace.fail(response.status().as_str().to_owned());
    }
    drop(trace);
    telemetry::flush().await;
    response
}

/// The hash of the address that a refused login came from: with the client it lets an operator find an attacker.
async fn address_hash(app: &App, exchange: &Exchange, status: StatusCode) -> Option<String> {
    let refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS);
    if !(refused && exchange.is_login()) {
        return None;
    }
    tokio::time::timeout(HASH_TIMEOUT, tokens::address_hash(app, exchange.source)).await.ok().flatten()
}

/// One line a request. A cause is told here and nowhere else; it never holds what a caller sent.
fn log(
    invocation: &Invocation,
    exchange: &Exchange,
    status: StatusCode,
    error: Option<(&'static str, String)>,
    address_hash: Option<&str>,
) {
    let (tenant, client) = exchange.caller();
    let status = status.as_u16();
    let (code, cause) = error.unzip();
    macro_rules! tell {
        ($level:ident, $outcome:literal, $cause:expr, $message:literal) => {
            tracing::$level!(
                requestId = exchange.request_id,
                traceId = exchange.trace_id(),
                tenant,
                client,
                addressHash = address_hash,
                function = invocation.function,
                route = exchange.route,
                outcome = $outcome,
                status,
                code,
                cause = $cause,
                elapsedMs = invocation.elapsed_ms(),
                postgresqlTrips = invocation.trips(Store::PostgreSql),
                redisTrips = invocation.trips(Store::Redis),
                $message
            )
        };
    }
    match status {
        ..400 => tell!(info, "ok", None::<String>, "request answered"),
        400..500 => tell!(info, "refused", None::<String>, "request refused"),
        _ => tell!(error, "failed", cause, "request failed"),
    }
}
