//! Reading one contact: from the cache, else from PostgreSQL, which then fills the cache.

use serde_json::json;
use uuid::Uuid;

use super::{Answer, remember};
use crate::app::App;
use crate::auth::Caller;
use crate::cache::Entry;
use crate::contact::Contact;
use crate::db;
use crate::db::contacts::ShownLink;
use crate::error::{Error, Result};
use crate::telemetry::{self, Measure};

/// What the caller wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shown {
    /// `includeDeleted=true`: a deleted contact too.
    pub deleted: bool,
    /// `include=links`: how it is tied to CRMs. This goes past the cache.
    pub links: bool,
}

/// A contact, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Found {
    InCache(Answer),
    InDatabase(Answer),
    /// Links change without a new version of the contact, so the version doesn't tell whether a caller has this.
    WithLinks(Answer),
}

/// Reads a contact. `cached` is what the cache said when the caller was let in.
pub async fn get(app: &App, caller: &Caller, id: Uuid, shown: Shown, cached: Option<Entry>) -> Result<Found> {
    let is_hit = matches!(cached, Some(Entry::Live { .. } | Entry::Deleted { .. })) && !shown.links;
    telemetry::count(if is_hit { Measure::CacheHits } else { Measure::CacheMisses }, 1);
    match cached {
        Some(Entry::Live { version, json }) if !shown.links => Ok(Found::InCache(Answer { id, version, json })),
        Some(Entry::Deleted { version, json }) if !shown.links && shown.deleted => {
            Ok(Found::InCache(Answer { id, version, json }))
        }
        Some(Entry::Deleted { .. }) if !shown.deleted => Err(Error::ContactDeleted(id)),
        _ if shown.links => get_with_links(app, caller, id, shown).await,
        _ => get_from_database(app, caller, id, shown).await,
    }
}

async fn get_from_database(app: &App, caller: &Caller, id: Uuid, shown: Shown) -> Result<Found> {
    let connection = app.database.get().await?;
    let contact = db::contacts::find(&connection, &caller.tenant, id).await?;
    drop(connection);
    let contact = contact.ok_or_else(|| Error::ContactNotFound(id.to_string()))?;
    let answer = Answer::of(&contact);
    remember(app, caller, &contact, &answer).await;
    if contact.deleted_at.is_some() && !shown.deleted {
        return Err(Error::ContactDeleted(id));
    }
    Ok(Found::InDatabase(answer))
}

async fn get_with_links(app: &App, caller: &Caller, id: Uuid, shown: Shown) -> Result<Found> {
    let connection = app.database.get().await?;
    let found = db::contacts::find_with_links(&connection, &caller.tenant, id).await?;
    let (contact, links) = found.ok_or_else(|| Error::ContactNotFound(id.to_string()))?;
    if contact.deleted_at.is_some() && !shown.deleted {
        return Err(Error::ContactDeleted(id));
    }
    Ok(Found::WithLinks(Answer { id, version: contact.version, json: with_links(&contact, &links) }))
}

/// The contact in JSON, with its links.
pub(super) fn with_links(contact: &Contact, links: &[ShownLink]) -> String {
    let mut json = contact.to_json();
    json["links"] = json!(links);
    json.to_string()
}
