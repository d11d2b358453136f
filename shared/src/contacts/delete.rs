//! Deleting a contact, softly: it can be restored until the retention has passed.

use uuid::Uuid;

use super::Answer;
use super::change::{Expected, change};
use crate::app::App;
use crate::auth::Caller;
use crate::error::Result;
use crate::events::Kind;

/// Deletes a contact.
pub async fn delete(app: &App, caller: &Caller, id: Uuid, expected: &Expected) -> Result<Answer> {
    change(app, caller, id, expected, Kind::Deleted, |before| Ok(Some(before.deleted()))).await
}
