//! Replacing a contact as a whole.

use uuid::Uuid;

use super::Answer;
use super::change::{Expected, Precondition, change};
use crate::app::App;
use crate::auth::Caller;
use crate::contact::NewContact;
use crate::error::Result;
use crate::events::Kind;

/// Puts a whole contact in the place of the one there is: what it does not give has its default again.
pub async fn replace(
    app: &App,
    caller: &Caller,
    id: Uuid,
    new: &NewContact,
    if_match: Option<Precondition>,
) -> Result<Answer> {
    let expected = Expected { if_match, version: new.version };
    change(app, caller, id, &expected, Kind::Updated, |before| Ok(before.with_profile(new.profile.clone()))).await
}
