//! Webhooks that arrive: who sent one, and what it is told.

use lambda_http::Body;
use lambda_http::RequestExt;
use lambda_http::http::StatusCode;
use lambda_http::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use lambda_http::http::response::Builder;
use serde_json::json;

use super::body::bytes;
use super::exchange::{Exchange, source};
use super::responses::finish;
use super::{Request, Response};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id;
use crate::mapping::Delivery;
use crate::telemetry::TraceParent;
use crate::webhooks::{Authentic, Receipt, authenticate, count};

impl App {
    /// Lets a CRM in whose signature is good, within its connection's quota.
    pub async fn admit_sender(&self, request: &Request) -> Result<Authentic> {
        let connection = connection(request)?;
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let delivery = Delivery { header: &header, body: signed_body(self, request)? };
        let from = authenticate(self, connection, source(request), &delivery).await?;
        let rate = count(self, &from.sender, delivery.body.len()).await;
        if let Some(exchange) = Exchange::of(request) {
            exchange.note_caller(&from.sender.tenant, &from.sender.connection);
            exchange.note_rate(rate);
        }
        match rate.retry_after {
            Some(retry_after) => Err(Error::RateLimited { retry_after }),
            None => Ok(from),
        }
    }
}

/// The body as it was signed.
pub fn signed_body<'a>(app: &App, request: &'a Request) -> Result<&'a [u8]> {
    bytes(request, app.config.limits.webhook_body)
}

/// The trace that a request belongs to.
pub fn traceparent(request: &Request) -> Option<&TraceParent> {
    Exchange::of(request).and_then(|exchange| exchange.traceparent.as_ref())
}

/// A webhook that is kept: 202 to be worked, 200 if it was there before.
pub fn received(receipt: Receipt) -> Response {
    let status = if receipt.is_new { StatusCode::ACCEPTED } else { StatusCode::OK };
    let builder =
        Builder::new().status(status).header(CACHE_CONTROL, "no-store").header(CONTENT_TYPE, "application/json");
    finish(builder.body(Body::Text(json!({"id": receipt.id}).to_string())))
}

/// The connection that the path names. What can't be one of ours is nobody's, and so is what it signed.
fn connection(request: &Request) -> Result<&str> {
    let given = request.path_parameters_ref().and_then(|parameters| parameters.first("connection")).unwrap_or_default();
    if id::is_connection(given) { Ok(given) } else { Err(Error::SignatureRefused) }
}
