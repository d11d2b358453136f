//! `GET /contacts`

use crosswalk::{App, Request, Response, Result, Scope, contacts, http};

/// Answers a page of the contacts that the parameters describe, and where the next one begins.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let listing = http::listing(app, &request);
    let cost = listing.as_ref().map_or(1, contacts::Listing::cost);
    let caller = app.admit_at_cost(&request, Scope::ContactsRead, cost).await?;
    let page = contacts::list(app, &caller, &listing?).await?;
    Ok(http::page(&page))
}
