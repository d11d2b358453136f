//! `POST /webhooks/{connection}`

use crosswalk::{App, Request, Response, Result, http, webhooks};

/// Keeps what a CRM tells, as it was signed, to be worked later.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let from = app.admit_sender(&request).await?;
    let receipt = webhooks::receive(app, &from, http::signed_body(app, &request)?, http::traceparent(&request)).await?;
    Ok(http::received(receipt))
}
