//! `POST /contacts/batch`

use crosswalk::contacts::Batch;
use crosswalk::{App, Request, Response, Result, Scope, contacts, http};

/// Makes or replaces the contacts of a batch in one transaction, and answers what became of each. With an
/// `Idempotency-Key`, once per key.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let caller = app.admit(&request, Scope::ContactsWrite).await?;
    let limit = app.config.limits.batch_body;
    let batch: Batch = http::body_within(app, &request, limit)?;
    app.charge(&request, batch.cost()).await?;
    let key = http::idempotency_key(&request, limit)?;
    let done = contacts::upsert(app, &caller, &batch, key.as_ref(), http::multi_status).await?;
    Ok(http::batch(done))
}
