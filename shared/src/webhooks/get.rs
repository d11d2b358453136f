//! One webhook.

use uuid::Uuid;

use super::Found;
use crate::app::App;
use crate::auth::Caller;
use crate::db;
use crate::error::{Error, Result};

/// The webhook, with its body as it was signed.
pub async fn get(app: &App, caller: &Caller, id: Uuid) -> Result<Found> {
    let connection = app.database.get().await?;
    let found = db::webhooks::find(&connection, &caller.tenant, id).await?;
    found.ok_or_else(|| Error::WebhookNotFound(id.to_string()))
}
