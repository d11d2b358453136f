//! Bringing a deleted contact back.

use uuid::Uuid;

use super::Answer;
use super::change::{Expected, change};
use crate::app::App;
use crate::auth::Caller;
use crate::error::Result;
use crate::events::Kind;

/// Restores a deleted contact. One that is not deleted is as it should be, and stays as it is.
pub async fn restore(app: &App, caller: &Caller, id: Uuid, expected: &Expected) -> Result<Answer> {
    change(app, caller, id, expected, Kind::Restored, |before| Ok(before.restored())).await
}
