//! `GET /sync-conflicts`

use crosswalk::{App, Request, Response, Result, Scope, http, sync};

/// Answers a page of the fields that both sides changed at once, newest first.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let caller = app.admit(&request, Scope::SyncRead).await?;
    let page = sync::list_conflicts(app, &caller, &http::conflict_listing(&request)?).await?;
    Ok(http::page(&page))
}
