//! `POST /contacts/{id}/restore`

use crosswalk::{App, Request, Response, Result, Scope, contacts, http};

/// Brings a deleted contact back, and answers it as it is then.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let caller = app.admit(&request, Scope::ContactsWrite).await?;
    let id = http::contact_id(&request)?;
    let restored = contacts::restore(app, &caller, id, &http::expected(app, &request)?).await?;
    Ok(http::changed(restored))
}
