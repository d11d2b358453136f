//! Changing parts of a contact.

use uuid::Uuid;

use super::Answer;
use super::change::{Expected, Precondition, change};
use crate::app::App;
use crate::auth::Caller;
use crate::contact::ContactPatch;
use crate::error::Result;
use crate::events::Kind;

/// Applies a merge patch to a contact.
pub async fn update(
    app: &App,
    caller: &Caller,
    id: Uuid,
    patch: &ContactPatch,
    if_match: Option<Precondition>,
) -> Result<Answer> {
    let expected = Expected { if_match, version: patch.version };
    change(app, caller, id, &expected, Kind::Updated, |before| {
        Ok(before.with_profile(patch.apply(&before.profile, &app.rules)?))
    })
    .await
}
