//! What stands before the CRM's own routes: the token, the rate limit, and the faults.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::stream;
use tokio::time::sleep;
use tracing::info;

use crate::crm::Crm;
use crate::problem::{Fault, Problem};
use crate::random;

/// Counts and logs every request, and is down or slow if it has to be.
pub(super) async fn api(State(crm): State<Arc<Crm>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    // Without the query, which may name a person.
    let path = request.uri().path().to_owned();
    if let Some(route) = request.extensions().get::<MatchedPath>() {
        crm.requests.count(method.as_str(), route.as_str());
    }
    if let Some(trace) = request.headers().get("traceparent").and_then(|value| value.to_str().ok()) {
        crm.traces.note(trace);
    }
    let faults = crm.faults.get();
    let response = if faults.down {
        Problem::Down.into_response()
    } else {
        sleep(Duration::from_millis(faults.latency_ms)).await;
        next.run(request).await
    };
    let (status, ms) = (response.status().as_u16(), began.elapsed().as_millis());
    info!(%method, path, status, ms, "request");
    response
}

/// Lets in who may come in, and as many as may.
pub(super) async fn contacts(State(crm): State<Arc<Crm>>, request: Request, next: Next) -> Result<Response, Problem> {
    user(&crm, request.headers())?;
    let faults = crm.faults.get();
    if crm.faults.take(|faults| &mut faults.too_many) {
        return Err(Problem::TooMany(Duration::from_secs(faults.retry_after_seconds)));
    }
    crm.limiter.admit().map_err(Problem::TooMany)?;
    if random::happens(faults.error_rate) {
        return Err(Problem::Failure);
    }
    let writes = request.method() != Method::GET && request.method() != Method::HEAD;
    if writes && crm.faults.take(|faults| &mut faults.refusals) {
        return Err(Problem::Invalid(vec![Fault { field: "acme_email".to_owned(), message: "is not wanted here" }]));
    }
    let response = next.run(request).await;
    if writes && response.status().is_success() && crm.faults.take(|faults| &mut faults.answer_lost) {
        return Ok(broken_off());
    }
    Ok(response)
}

/// The user that a request comes from.
pub(super) fn user(crm: &Crm, headers: &HeaderMap) -> Result<String, Problem> {
    crm.tokens.user(headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()))
}

/// An answer that fails before its first byte is sent, so that the connection is closed instead.
fn broken_off() -> Response {
    let nothing = stream::once(async { Err::<Bytes, _>(io::Error::other("the answer is to be lost")) });
    Response::new(Body::from_stream(nothing))
}
