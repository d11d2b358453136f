//! Changing a contact: which version the caller means, and the compare-and-set that makes the change true.

use uuid::Uuid;

use super::{Answer, origin, remember};
use crate::app::App;
use crate::auth::Caller;
use crate::contact::Contact;
use crate::db::{self, give_way, is_deadlock};
use crate::error::{Error, Result};
use crate::events::{ContactEvent, Kind};

/// What `If-Match` says (RFC 9110, section 13.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// `*`: whatever version there is.
    Any,
    /// One of these versions. Tags that are no version of ours match nothing.
    OneOf(Vec<i32>),
}

/// The version that the caller means to change: by header, by body, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// `If-Match`.
    pub if_match: Option<Precondition>,
    /// The body's `version`.
    pub version: Option<i32>,
}

impl Expected {
    /// Refuses a caller who names no version at all: it would overwrite what it has not seen.
    pub fn is_given(&self) -> Result<()> {
        if self.if_match.is_none() && self.version.is_none() { Err(Error::PreconditionRequired) } else { Ok(()) }
    }

    /// Whether the current version is the one that is meant.
    fn check(&self, current: i32) -> Result<()> {
        if let Some(Precondition::OneOf(versions)) = &self.if_match
            && !versions.contains(&current)
        {
            return Err(Error::PreconditionFailed { current });
        }
        check_version(self.version, current)
    }

    /// Whether any version will do, so that losing a race is no answer.
    fn is_forced(&self) -> bool {
        self.if_match == Some(Precondition::Any) && self.version.is_none()
    }
}

/// Whether a body that names a version names the current one.
pub(super) fn check_version(named: Option<i32>, current: i32) -> Result<()> {
    match named {
        Some(version) if version != current => Err(Error::VersionConflict { current }),
        _ => Ok(()),
    }
}

/// Reads the contact, lets `next` make its next version of it, and stores that if nobody was faster. `None` from
/// `next`: there is nothing to change; the version stays and no event is written.
///
/// Two round trips. Only a caller who forces the change waits for the row when it lost the race.
pub async fn change(
    app: &App,
    caller: &Caller,
    id: Uuid,
    expected: &Expected,
    kind: Kind,
    next: impl Fn(&Contact) -> Result<Option<Contact>>,
) -> Result<Answer> {
    expected.is_given()?;
    let mut connection = app.database.get().await?;
    let before = subject(db::contacts::find(&connection, &caller.tenant, id).await?, id, kind)?;
    expected.check(before.version)?;
    let Some(after) = next(&before)? else {
        return Ok(Answer::of(&before));
    };

    let event = event(kind, &before, &after, caller);
    let update = || db::contacts::update(&connection, &caller.tenant, &after, &event);
    let stored = match update().await {
        Err(error) if is_deadlock(&error) => {
            give_way().await;
            update().await
        }
        outcome => outcome,
    };
    let after = match stored? {
        true => after,
        false if expected.is_forced() => change_locked(&mut connection, caller, id, kind, &next).await?,
        false => {
            let now = subject(db::contacts::find(&connection, &caller.tenant, id).await?, id, kind)?;
            // The version was right when we read it: somebody else won. Say which one there is now.
            return Err(expected.check(now.version).err().unwrap_or(Error::VersionConflict { current: now.version }));
        }
    };
    drop(connection);
    let answer = Answer::of(&after);
    remember(app, caller, &after, &answer).await;
    Ok(answer)
}

/// The same under the row's lock, for those who want the change whatever the version.
async fn change_locked(
    connection: &mut db::Connection,
    caller: &Caller,
    id: Uuid,
    kind: Kind,
    next: &impl Fn(&Contact) -> Result<Option<Contact>>,
) -> Result<Contact> {
    let transaction = db::begin(connection).await?;
    let before = subject(db::contacts::lock(&transaction, &caller.tenant, id).await?, id, kind)?;
    let Some(after) = next(&before)? else {
        return Ok(before);
    };
    let event = event(kind, &before, &after, caller);
    let stored = db::contacts::update(&transaction, &caller.tenant, &after, &event).await?;
    db::commit(transaction).await?;
    if stored { Ok(after) } else { Err(Error::internal("change a locked contact", "its version moved")) }
}

fn event(kind: Kind, before: &Contact, after: &Contact, caller: &Caller) -> ContactEvent {
    ContactEvent::of(kind, Some(before), after, origin(caller), caller.traceparent.clone())
}

/// The contact, if there is one that can be changed so: what was deleted can only be restored.
fn subject(contact: Option<Contact>, id: Uuid, kind: Kind) -> Result<Contact> {
    match contact {
        None => Err(Error::ContactNotFound(id.to_string())),
        Some(contact) if contact.deleted_at.is_some() && kind != Kind::Restored => Err(Error::ContactDeleted(id)),
        Some(contact) => Ok(contact),
    }
}
