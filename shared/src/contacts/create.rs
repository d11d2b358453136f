//! Creating a contact, once per idempotency key.

use super::idempotency::{IdempotencyKey, contact_of, first_answer, waited};
use super::{Answer, origin, remember};
use crate::app::App;
use crate::auth::Caller;
use crate::contact::{Contact, NewContact};
use crate::db::{self, Claim, give_way, is_deadlock};
use crate::error::{Error, Result};
use crate::events::{ContactEvent, Kind};

/// The route's name in the keys' table.
const ROUTE: &str = "create-contact";

/// A contact that was created, now or by the first request with the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The contact.
    pub answer: Answer,
    /// Whether this is the first answer given again.
    pub replayed: bool,
}

/// Creates a contact.
pub async fn create(app: &App, caller: &Caller, new: NewContact, key: Option<&IdempotencyKey>) -> Result<Created> {
    let contact = Contact::create(new.profile);
    let event = ContactEvent::of(Kind::Created, None, &contact, origin(caller), caller.traceparent.clone());
    let answer = Answer::of(&contact);
    let claim = key.map(|key| Claim {
        client: &caller.client,
        route: ROUTE,
        key: &key.key,
        fingerprint: &key.fingerprint,
        body: &answer.json,
    });

    let connection = app.database.get().await?;
    let insert = || db::contacts::insert(&connection, &caller.tenant, &contact, &event, claim.as_ref());
    let inserted = match insert().await {
        Err(error) if is_deadlock(&error) => {
            give_way().await;
            insert().await
        }
        outcome => outcome,
    };
    match (inserted, key) {
        (Ok(true), _) => {
            drop(connection);
            remember(app, caller, &contact, &answer).await;
            Ok(Created { answer, replayed: false })
        }
        (Ok(false), Some(key)) => {
            let first = first_answer(&connection, caller, ROUTE, key).await?;
            Ok(Created { answer: contact_of(first)?, replayed: true })
        }
        (Ok(false), None) => Err(Error::internal("create a contact", "nothing was inserted")),
        (Err(error), Some(_)) => Err(waited(error)),
        (Err(error), None) => Err(error),
    }
}
