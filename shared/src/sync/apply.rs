//! Applying news: one transaction and a fixed number of statements, whatever their number.

use std::collections::BTreeMap;

use super::arrival::Arrival;
use super::scene::{Outcome, Scene};
use crate::app::App;
use crate::cache;
use crate::contact::{Contact, now};
use crate::db;
use crate::db::GenericClient;
use crate::db::contacts::{Sought, Writes};
use crate::db::links::Asked;
use crate::error::Result;
use futures::future::join_all;
use uuid::Uuid;

/// What is to be written for each tenant.
#[derive(Debug, Default)]
pub struct Pending(BTreeMap<String, Writes>);

/// The contacts of each tenant that changed, with their versions.
#[derive(Debug, Default)]
pub struct ChangedContacts(BTreeMap<String, Vec<(Uuid, i32)>>);

/// Locks what the news are about and decides what each means, in their order. Three statements.
pub async fn decide_all(
    app: &App,
    transaction: &impl GenericClient,
    arrivals: &[&Arrival<'_>],
) -> Result<(Vec<Result<Outcome>>, Pending)> {
    let mut scenes = find(app, transaction, arrivals).await?;
    let now = now();
    let mut outcomes = Vec::with_capacity(arrivals.len());
    for arrival in arrivals {
        let scene = scenes.entry(arrival.tenant.to_owned()).or_default();
        outcomes.push(scene.tell(arrival, now, &app.rules));
    }
    Ok((outcomes, Pending::of(scenes)))
}

/// Finds and locks it all: the keys of the records first, then the contacts, then what ties them.
async fn find(
    app: &App,
    transaction: &impl GenericClient,
    arrivals: &[&Arrival<'_>],
) -> Result<BTreeMap<String, Scene>> {
    let keys: Vec<_> = arrivals.iter().map(|arrival| (arrival.tenant, &arrival.key)).collect();
    db::links::lock_keys(transaction, &keys).await?;
    let sought: Vec<_> = arrivals.iter().map(|arrival| sought(arrival)).collect();
    let contacts: Vec<Option<Contact>> =
        db::contacts::locate(transaction, &sought).await?.into_iter().map(|located| located.contact).collect();
    let asked: Vec<_> =
        arrivals.iter().zip(&contacts).map(|(arrival, contact)| asked(arrival, contact.as_ref())).collect();
    let tied = db::links::find_all(transaction, &asked).await?;
    let mut scenes: BTreeMap<String, Scene> = BTreeMap::new();
    for ((arrival, contact), tied) in arrivals.iter().zip(contacts).zip(tied) {
        let scene = scenes.entry(arrival.tenant.to_owned()).or_default();
        scene.add(&arrival.key, contact, tied, app.config.retention.contacts);
    }
    Ok(scenes)
}

fn sought<'a>(arrival: &'a Arrival<'_>) -> Sought<'a> {
    Sought { tenant: arrival.tenant, id: arrival.external_id(), remote: Some(&arrival.key) }
}

fn asked<'a>(arrival: &'a Arrival<'_>, contact: Option<&Contact>) -> Asked<'a> {
    Asked {
        tenant: arrival.tenant,
        contact: contact.map(|contact| contact.id),
        connection: &arrival.key.connection,
        remote_id: Some(&arrival.key.remote_id),
    }
}

impl Pending {
    pub(super) fn of(scenes: BTreeMap<String, Scene>) -> Self {
        Self(scenes.into_iter().map(|(tenant, scene)| (tenant, scene.writes())).collect())
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.0.values().all(Writes::is_empty)
    }

    /// The form that is written.
    pub fn tenants(&self) -> Vec<(&str, &Writes)> {
        self.0.iter().map(|(tenant, writes)| (tenant.as_str(), writes)).collect()
    }

    /// Whose cached form is out of date once this is written.
    pub fn changed(&self) -> ChangedContacts {
        let versions = |writes: &Writes| {
            let versions: BTreeMap<Uuid, i32> =
                writes.contacts.iter().map(|(contact, _)| (contact.id, contact.version)).collect();
            versions.into_iter().collect::<Vec<_>>()
        };
        let changed = self.0.iter().map(|(tenant, writes)| (tenant.clone(), versions(writes)));
        ChangedContacts(changed.filter(|(_, versions)| !versions.is_empty()).collect())
    }
}

impl ChangedContacts {
    /// Adds others to them.
    pub fn extend(&mut self, other: Self) {
        for (tenant, versions) in other.0 {
            self.0.entry(tenant).or_default().extend(versions);
        }
    }

    /// Makes the cache forget what it has of them. It is a help, not a promise: Redis may be away.
    pub async fn outdate(&self, app: &App) {
        let stale = |(tenant, versions): (&String, &Vec<(Uuid, i32)>)| {
            let (tenant, versions) = (tenant.clone(), versions.clone());
            async move {
                let _ = cache::stale(&app.redis, &tenant, &versions, app.config.cache.ttl).await;
            }
        };
        join_all(self.0.iter().map(stale)).await;
    }
}
