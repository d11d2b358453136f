//! `POST /oauth/token`

use crosswalk::error::{Error, OAuthFault};
use crosswalk::{App, Request, Response, Result, http, tokens};

/// Issues an access token to a client that shows its secret (RFC 6749, section 4.4).
pub async fn handle(app: &App, request: Request) -> Result<Response> {
    let form = http::form(&request)?;
    if form.require("grant_type", "grant_type is missing")? != "client_credentials" {
        return Err(Error::OAuth(OAuthFault::UnsupportedGrantType, "grant_type must be client_credentials"));
    }
    let credentials = http::credentials(&request, &form)?;
    let granted = tokens::issue(app, &credentials, form.get("scope")).await?;
    Ok(http::granted(&granted))
}
