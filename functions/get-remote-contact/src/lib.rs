//! `GET /connections/{connection}/contacts/{remoteId}`

use crosswalk::{App, Request, Response, Result, Scope, http, sync};

/// Answers the linked contact in the CRM's own form.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let caller = app.admit(&request, Scope::ContactsRead).await?;
    let record = sync::get(app, &caller, &http::remote_key(&request)?).await?;
    Ok(http::remote(record))
}
