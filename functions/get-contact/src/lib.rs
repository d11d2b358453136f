//! `GET /contacts/{id}`

use crosswalk::{App, Request, Response, Result, Scope, contacts, http};

/// Answers the contact, from the cache if it is there; 304 to a caller who has this version already.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let id = http::contact_id(&request);
    let (caller, cached) = app.admit_reading(&request, Scope::ContactsRead, id.as_ref().ok().copied()).await?;
    let found = contacts::get(app, &caller, id?, http::shown(&request)?, cached).await?;
    http::found(&request, found)
}
