//! `PUT /connections/{connection}/contacts/{remoteId}`

use crosswalk::{App, Request, Response, Result, Scope, http, sync};

/// Applies a record in the CRM's own form as a webhook with it would be, and answers the contact.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let caller = app.admit(&request, Scope::ContactsWrite).await?;
    let key = http::remote_key(&request)?;
    let put = sync::put(app, &caller, &key, http::record(app, &request)?).await?;
    Ok(http::put(put))
}
