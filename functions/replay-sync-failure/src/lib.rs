//! `POST /sync-failures/{id}/replay`

use crosswalk::{App, Request, Response, Result, Scope, http, sync};

/// Has the link tried from the beginning, and answers it as it is then.
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let caller = app.admit(&request, Scope::SyncWrite).await?;
    let (connection, contact) = http::failure_id(&request)?;
    http::no_body(app, &request)?;
    Ok(http::accepted(&sync::replay_failure(app, &caller, &connection, contact).await?))
}
