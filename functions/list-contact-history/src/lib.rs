//! `GET /contacts/{id}/history`

use crosswalk::{App, Request, Response, Result, Scope, contacts, http};

/// Answers a page of the contact's events, newest first.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let caller = app.admit(&request, Scope::ContactsRead).await?;
    let id = http::contact_id(&request)?;
    let page = contacts::list_history(app, &caller, id, &http::window(&request)?).await?;
    Ok(http::page(&page))
}
