//! `GET /webhook-events/{id}`

use crosswalk::{App, Request, Response, Result, Scope, http, webhooks};

/// Answers the webhook with its body.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let caller = app.admit(&request, Scope::WebhooksRead).await?;
    let found = webhooks::get(app, &caller, http::webhook_id(&request)?).await?;
    Ok(http::webhook(&found))
}
