//! `POST /oauth/revoke`

use crosswalk::{App, Request, Response, Result, http, tokens};

/// Revokes one of the client's own access tokens (RFC 7009).
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let form = http::form(&request)?;
    let token = form.require("token", "token is missing")?;
    let credentials = http::credentials(&request, &form)?;
    tokens::revoke(app, &credentials, token).await?;
    Ok(http::ok())
}
