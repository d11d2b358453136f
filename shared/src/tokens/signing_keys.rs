//! The public keys, for those who verify our tokens themselves.

use serde_json::Value;

use crate::app::App;
use crate::auth;
use crate::error::Result;

/// The JSON Web Key Set.
pub async fn signing_keys(app: &App) -> Result<Value> {
    let secret: Value = app.secrets.get(&app.config.tokens.verification_keys_secret).await?;
    Ok(auth::public_keys(&secret))
}
