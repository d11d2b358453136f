//! What can be done with contacts: one use case per file, named as its function and its query are.

mod batch;
mod change;
mod create;
mod delete;
mod get;
mod history;
mod idempotency;
mod kept;
mod list;
mod outcomes;
mod replace;
mod restore;
mod update;
mod upsert;

use serde_json::Value;

pub use batch::{Batch, Item, Target};
pub use change::{Expected, Precondition};
pub use create::{Created, create};
pub use delete::delete;
pub use get::{Found, Shown, get};
pub use history::list_history;
pub use idempotency::IdempotencyKey;
pub use list::{Listing, list};
pub use outcomes::{Outcome, Upserted};
pub use replace::replace;
pub use restore::restore;
pub use update::update;
pub use upsert::{Done, upsert};

use crate::app::App;
use crate::auth::Caller;
use crate::cache::{self, Entry};
use crate::contact::Contact;
use crate::events::Origin;

/// A contact as it is answered: JSON, made once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The contact's id.
    pub id: uuid::Uuid,
    /// Its version, for the `ETag`.
    pub version: i32,
    /// Its JSON.
    pub json: String,
}

impl Answer {
    /// The answer that a contact makes.
    pub(crate) fn of(contact: &Contact) -> Self {
        let json = serde_json::to_string(contact).expect("a contact has only text keys");
        Self { id: contact.id, version: contact.version, json }
    }
}

/// The change is the API's, made for this caller.
fn origin(caller: &Caller) -> Origin {
    Origin::Api { client: caller.client.clone() }
}

/// Puts what was just read or written into the cache. It is a help, not a promise: Redis may be away, and the entry of
/// a newer version stays.
pub(crate) async fn remember(app: &App, caller: &Caller, contact: &Contact, answer: &Answer) {
    let (version, json) = (answer.version, answer.json.clone());
    let entry = match contact.deleted_at {
        None => Entry::Live { version, json },
        Some(_) => Entry::Deleted { version, json },
    };
    let _ = cache::put(&app.redis, &caller.tenant, contact.id, &entry, app.config.cache.ttl).await;
}

/// A value whose members are in a fixed order and whose numbers have one form: the same meaning is the same text.
pub fn canonical(value: &Value) -> String {
    match value {
        // serde_json keeps members sorted by name.
        Value::Object(members) => {
            let members =
                members.iter().map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        Value::Array(elements) => format!("[{}]", elements.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Number(number) => crate::contact::plain_number(number.clone()).to_string(),
        other => other.to_string(),
    }
}
