//! `PUT /contacts/{id}`

use crosswalk::contact::NewContact;
use crosswalk::{App, Request, Response, Result, Scope, contacts, http};

/// Puts the contact in the request body in the place of the version that the caller names.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let caller = app.admit(&request, Scope::ContactsWrite).await?;
    let id = http::contact_id(&request)?;
    let new: NewContact = http::body(app, &request)?;
    let replaced = contacts::replace(app, &caller, id, &new, http::if_match(&request)?).await?;
    Ok(http::changed(replaced))
}
