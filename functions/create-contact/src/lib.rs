//! `POST /contacts`

use crosswalk::contact::NewContact;
use crosswalk::{App, Request, Response, Result, Scope, contacts, http};

/// Creates the contact in the request body and answers 201. With an `Idempotency-Key`, once per key.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let caller = app.admit(&request, Scope::ContactsWrite).await?;
    let new: NewContact = http::body(app, &request)?;
    let key = http::idempotency_key(&request, app.config.limits.body)?;
    let created = contacts::create(app, &caller, new, key.as_ref()).await?;
    Ok(http::created(created))
}
