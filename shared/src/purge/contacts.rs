//! Erasing deleted contacts whole: the history, what webhooks told of them, their links and themselves.
//!
//! A contact past the retention can't be restored any more, so it may be erased in pieces: however long its history
//! is, a step takes only so much of it, and the contact itself goes last. Until its last event is published it stays whole.

use std::time::Duration;

use crate::app::App;
use crate::db::purge::{self, BODIES, CONTACTS, HISTORY, Place};
use crate::db::{self, Connection, give_way, is_deadlock};
use crate::error::Result;

/// What a step erased.
#[derive(Debug, Default)]
pub(super) struct Erased {
    pub(super) contacts: u64,
    pub(super) events: u64,
    pub(super) webhook_bodies: u64,
    /// Where the next step begins; `None` when nothing is left.
    pub(super) next: Option<Place>,
}

/// Takes one step among the contacts that were deleted so long ago, behind a place in their order.
pub(super) async fn erase(app: &App, age: Duration, after: Place) -> Result<Erased> {
    let mut connection = app.database.get().await?;
    match transact(&mut connection, age, after).await {
        Err(error) if is_deadlock(&error) => {
            give_way().await;
            transact(&mut connection, age, after).await
        }
        outcome => outcome,
    }
}

async fn transact(connection: &mut Connection, age: Duration, after: Place) -> Result<Erased> {
    let transaction = db::begin(connection).await?;
    let picked = purge::pick_contacts(&transaction, age, after).await?;
    if picked.is_empty() {
        return Ok(Erased::default());
    }
    let published = purge::all_published(&transaction, &picked).await?;
    let events = purge::erase_history(&transaction, &published).await?;
    let webhook_bodies = purge::erase_webhook_bodies(&transaction, &published).await?;
    let contacts = purge::erase_contacts(&transaction, &published).await?;
    db::commit(transaction).await?;
    let next = if events == HISTORY || webhook_bodies == BODIES {
        // More may be left of these contacts.
        Some(after)
    } else if picked.len() == CONTACTS {
        picked.last
    } else {
        None
    };
    Ok(Erased { contacts, events, webhook_bodies, next })
}
