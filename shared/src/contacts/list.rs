//! Contacts, many at a time.

use serde_json::json;
use uuid::Uuid;

use super::Answer;
use super::get::with_links;
use crate::app::App;
use crate::auth::Caller;
use crate::contact::{Filter, Sort};
use crate::db::contacts::{Wanted, list as query};
use crate::error::Result;
use crate::paging::{Page, Window};

/// What is asked of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Which contacts.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// Which part.
    pub window: Window,
    /// Whether with their links.
    pub links: bool,
    /// Whether to count all that match, too.
    pub total: bool,
}

impl Listing {
    /// What its cursors are bound to.
    pub fn question(&self, tenant: &str) -> String {
        json!(["contacts", tenant, self.filter, self.sort]).to_string()
    }
}

/// A page of contacts. Those that nobody changes while a caller walks through the pages are there once each.
pub async fn list(app: &App, caller: &Caller, listing: &Listing) -> Result<Page> {
    let Listing { filter, sort, window, .. } = listing;
    let question = listing.question(&caller.tenant);
    let after: Option<(String, Uuid)> = window.position(&question)?;
    let wanted = Wanted {
        filter,
        sort: *sort,
        after: after.as_ref(),
        rows: window.rows(),
        links: listing.links,
        total: listing.total,
    };
    let connection = app.database.get().await?;
    let listed = query(&connection, &caller.tenant, &wanted).await?;
    drop(connection);
    let rows = listed.contacts.into_iter().map(|(contact, links)| {
        let json = if listing.links { with_links(&contact, &links) } else { Answer::of(&contact).json };
        ((sort.key.of(&contact), contact.id), json)
    });
    Ok(Page { total: listed.total, ..window.cut(&question, rows.collect()) })
}
