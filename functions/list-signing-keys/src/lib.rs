//! `GET /.well-known/jwks.json`

use crosswalk::{App, Request, Response, Result, http, tokens};

/// Answers the public keys that access tokens are verified with (RFC 7517), current and previous.
pub async fn handle(app: &App, _: Request) -> Result<Response> {
    let keys = tokens::signing_keys(app).await?;
    Ok(http::public_keys(&keys))
}
