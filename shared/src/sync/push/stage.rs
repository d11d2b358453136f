//! Finding and locking what is to be settled: the contacts that we wrote, and those that the CRM's records are linked to.

use std::collections::BTreeMap;

use crate::db::GenericClient;

use super::Done;
use crate::app::App;
use crate::db;
use crate::db::contacts::Sought;
use crate::db::links::Asked;
use crate::error::Result;
use crate::sync::arrival::Arrival;
use crate::sync::scene::Scene;

/// What is sought: a contact, and what ties it to a connection.
struct Question<'a> {
    sought: Sought<'a>,
    connection: &'a str,
    remote_id: Option<&'a str>,
}

/// Sets the scenes, by tenant. Three statements: the keys of the records, the contacts, the links.
pub(super) async fn stage(
    app: &App,
    transaction: &impl GenericClient,
    done: &[Done],
    arrivals: &[(&Done, &Arrival<'_>)],
) -> Result<BTreeMap<String, Scene>> {
    let keys: Vec<_> = arrivals.iter().map(|(_, arrival)| (arrival.tenant, &arrival.key)).collect();
    db::links::lock_keys(transaction, &keys).await?;

    let questions: Vec<_> =
        done.iter().map(ours).chain(arrivals.iter().map(|(one, arrival)| theirs(one, arrival))).collect();
    let sought: Vec<_> = questions.iter().map(|question| question.sought).collect();
    let located = db::contacts::locate(transaction, &sought).await?;
    let asked: Vec<_> = questions
        .iter()
        .zip(&located)
        .map(|(question, located)| question.asked(located.contact.as_ref().map(|contact| contact.id)))
        .collect();
    let mut tied = db::links::find_all(transaction, &asked).await?.into_iter();

    let mut scenes: BTreeMap<String, Scene> = BTreeMap::new();
    let mut located = located.into_iter().map(|located| located.contact);
    for (one, (contact, tied)) in done.iter().zip(located.by_ref().zip(tied.by_ref())) {
        let scene = scenes.entry(one.task.tenant.clone()).or_default();
        if let Some(contact) = contact {
            scene.add_contact(contact, &one.task.connection.id, tied);
        }
    }
    for ((_, arrival), (contact, tied)) in arrivals.iter().zip(located.zip(tied)) {
        let scene = scenes.entry(arrival.tenant.to_owned()).or_default();
        scene.add(&arrival.key, contact, tied, app.config.retention.contacts);
    }
    Ok(scenes)
}

fn ours(one: &Done) -> Question<'_> {
    let sought = Sought { tenant: &one.task.tenant, id: Some(one.contact()), remote: None };
    Question { sought, connection: &one.task.connection.id, remote_id: None }
}

/// What a CRM shows when it is asked for a contact is about that contact, unless the record is another's already.
fn theirs<'a>(one: &Done, arrival: &'a Arrival<'_>) -> Question<'a> {
    let sought = Sought { tenant: arrival.tenant, id: Some(one.contact()), remote: Some(&arrival.key) };
    Question { sought, connection: &arrival.key.connection, remote_id: Some(&arrival.key.remote_id) }
}

impl<'a> Question<'a> {
    fn asked(&self, contact: Option<uuid::Uuid>) -> Asked<'a> {
        Asked { tenant: self.sought.tenant, contact, connection: self.connection, remote_id: self.remote_id }
    }
}
