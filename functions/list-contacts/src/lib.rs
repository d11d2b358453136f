//! `GET /contacts`

use crosswalk::{App, Request, Response, Result, Scope, contacts, http};

/// Answers a page of the contacts that the parameters describe, and where the next one begins.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let caller = app.admit(&request, Scope::ContactsRead).await?;
    let page = contacts::list(app, &caller, &http::listing(app, &request)?).await?;
    Ok(http::page(&page))
}
