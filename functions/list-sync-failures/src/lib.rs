//! `GET /sync-failures`

use crosswalk::{App, Request, Response, Result, Scope, http, sync};

/// Answers a page of the links that don't come through to their CRM.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let caller = app.admit(&request, Scope::SyncRead).await?;
    let page = sync::list_failures(app, &caller, &http::failure_listing(&request)?).await?;
    Ok(http::page(&page))
}
