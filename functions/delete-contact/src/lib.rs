//! `DELETE /contacts/{id}`

use crosswalk::{App, Request, Response, Result, Scope, contacts, http};

/// Deletes the version that the caller names. The contact can be restored until the retention has passed.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let caller = app.admit(&request, Scope::ContactsWrite).await?;
    let id = http::contact_id(&request)?;
    let deleted = contacts::delete(app, &caller, id, &http::expected(app, &request)?).await?;
    Ok(http::deleted(&deleted))
}
