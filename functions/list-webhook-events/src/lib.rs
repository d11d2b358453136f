//! `GET /webhook-events`

use crosswalk::{App, Request, Response, Result, Scope, http, webhooks};

/// Answers a page of the webhooks that the parameters describe, newest first and without their bodies.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let caller = app.admit(&request, Scope::WebhooksRead).await?;
    let page = webhooks::list(app, &caller, &http::webhook_listing(&request)?).await?;
    Ok(http::page(&page))
}
