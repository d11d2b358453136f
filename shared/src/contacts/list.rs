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

/// The cost of a total or of a search without an index, each beside 1 for the page. docs/performance.md has the figures
/// for a million contacts: a total takes 134 ms and such a search 180 ms, where a filter with an index takes about 9 ms.
const FULL_READ: u32 = 20;

impl Listing {
    /// What it takes from the client's quota.
    pub fn cost(&self) -> u32 {
        let scans = self.filter.text.as_deref().is_some_and(|text| !has_trigram(text));
        1 + FULL_READ * (u32::from(self.total) + u32::from(scans))
    }

    /// What its cursors are bound to.
    pub fn question(&self, tenant: &str) -> String {
        json!(["contacts", tenant, self.filter, self.sort]).to_string()
    }
}

/// Whether the index of trigrams can find a text: three letters or digits in a row.
fn has_trigram(text: &str) -> bool {
    text.split(|character: char| !character.is_alphanumeric()).any(|word| word.chars().count() >= 3)
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

#[cfg(test)]
mod tests {
    use super::has_trigram;

    #[test]
    fn three_letters_or_digits_in_a_row_can_be_found_by_the_index() {
        for text in ["ada", "x abc", "a.b.c123", "Ärz", "東京都"] {
            assert!(has_trigram(text), "{text}");
        }
        for text in ["%%%", "._.", "a b c", "ab-cd"] {
            assert!(!has_trigram(text), "{text}");
        }
    }
}
