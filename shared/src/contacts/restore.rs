//! Bringing a deleted contact back.

use uuid::Uuid;

use super::Answer;
use super::change::{Expected, change};
use crate::app::App;
use crate::auth::Caller;
use crate::error::{Error, Result};
use crate::events::Kind;

/// Restores a deleted contact. One that is not deleted is as it should be, and stays as it is. One whose retention has
/// passed is as good as purged, though its row may still be there and its history be half gone.
pub async fn restore(app: &App, caller: &Caller, id: Uuid, expected: &Expected) -> Result<Answer> {
    let retention = app.config.retention.contacts;
    change(app, caller, id, expected, Kind::Restored, |before| {
        if before.is_gone(retention) { Err(Error::ContactNotFound(id.to_string())) } else { Ok(before.restored()) }
    })
    .await
}
