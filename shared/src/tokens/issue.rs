//! The client credentials grant (RFC 6749, section 4.4).

use super::Credentials;
use crate::app::App;
use crate::auth::{self, IssuedToken, SigningKeySecret};
use crate::db;
use crate::error::{Error, OAuthFault, Result};

/// A token and what it reaches.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Granted {
    pub token: IssuedToken,
    pub scope: String,
}

/// Issues a token to a client that shows its secret. `scope` narrows what the client may do; without it, all of that.
pub async fn issue(app: &App, credentials: &Credentials, scope: Option<&str>) -> Result<Granted> {
    credentials.check_source(app).await?;
    let connection = app.database.get().await?;
    let client = db::clients::find(&connection, &credentials.client_id).await?;
    drop(connection);
    let client = credentials.authenticate(app, client).await?;
    credentials.charge_client(app, &client).await?;
    let scope = granted(&client.scopes, scope)?;
    let key = app.secrets.shared::<SigningKeySecret>(&app.config.tokens.signing_key_secret).await?.ready()?;
    let names = (client.tenant.as_str(), client.id.as_str());
    let token = auth::issue(&app.config.tokens, &key, names, scope.clone(), client.requests, client.tokens_valid_from)?;
    Ok(Granted { token, scope })
}

/// Every word that is asked for must be one that the client has.
fn granted(own: &[String], asked: Option<&str>) -> Result<String> {
    let Some(asked) = asked else {
        return Ok(own.join(" "));
    };
    let mut words = Vec::new();
    for word in asked.split(' ').filter(|word| !word.is_empty()) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    if words.is_empty() || words.iter().any(|word| !own.iter().any(|scope| scope == word)) {
        return Err(Error::OAuth(OAuthFault::InvalidScope, "the client may not ask for this scope"));
    }
    Ok(words.join(" "))
}
