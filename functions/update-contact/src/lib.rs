//! `PATCH /contacts/{id}`

use crosswalk::contact::ContactPatch;
use crosswalk::{App, Request, Response, Result, Scope, contacts, http};

/// Applies the merge patch in the request body to the version that the caller names, and answers the contact as it is then.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let caller = app.admit(&request, Scope::ContactsWrite).await?;
    let id = http::contact_id(&request)?;
    let patch: ContactPatch = http::merge_patch(app, &request)?;
    let updated = contacts::update(app, &caller, id, &patch, http::if_match(&request)?).await?;
    Ok(http::changed(updated))
}
