//! Sending due links round again: what a consumer could not write to a CRM comes to it once more, when it is time to.
//!
//! A record on the topic is but a wake-up, so the contact's latest event is published again as it was. Readers must expect
//! copies anyway.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crosswalk::clock::{End, Moment};
use crosswalk::db::due_links::{self, DueLink};
use crosswalk::db::outbox::{Bounds, Waiting};
use crosswalk::{App, Error, Result};

use crate::Relay;
use crate::database::{PATIENCE, ask};
use crate::feed::Load;
use crate::lease::Lease;
use crate::report::Report;

/// How often to look for due links. They wait for seconds at least, so this delays none by much.
const LOOK: Duration = Duration::from_millis(500);

/// How many to send round at once.
const LINKS: u32 = 500;

/// The due links while a shift works on them.
pub struct DueLinks<'a> {
    relay: &'a Relay,
    app: &'a App,
    lease: &'a Lease<'a>,
    end: &'a End,
    looked: Option<Moment>,
}

impl<'a> DueLinks<'a> {
    /// The due links, which nobody has looked at yet.
    pub fn new(relay: &'a Relay, app: &'a App, lease: &'a Lease<'a>, end: &'a End) -> Self {
        Self { relay, app, lease, end, looked: None }
    }

    /// Sends those round that are due, when it is time to look, and lets them wait for another while. If they can't be
    /// told to, they are sent once more: that is one copy more.
    pub async fn round(&mut self, report: &mut Report) -> Result<Load> {
        if self.looked.is_some_and(|moment| moment.elapsed() < LOOK) {
            return Ok(Load::Idle);
        }
        self.looked = Some(Moment::now());
        let bounds = Bounds { rows: LINKS, ..self.relay.settings.batch };
        let links = ask(&self.app.database, PATIENCE, async |db| due_links::claim(db, bounds).await).await?;
        if links.is_empty() {
            return Ok(Load::Idle);
        }

        let may_send = || self.lease.is_held() && !self.end.is_over();
        let outcome = self.relay.publisher.publish(&self.relay.contacts, latest(&links), may_send).await?;
        for (event, reason) in &outcome.refused {
            tracing::warn!(ce_id = %event.ce_id, reason, "an event can't be published once more; its links wait");
        }
        let refused = outcome.refused.iter().map(|(event, _)| event.id);
        let settled: BTreeSet<_> = outcome.published.iter().map(|event| event.id).chain(refused).collect();
        self.postpone(&links, &settled, report).await?;
        outcome.failure.map_or(Ok(Load::Some), |failure| Err(Error::unavailable("Kafka", failure)))
    }

    /// Lets the links wait whose event is settled, and those without one.
    async fn postpone(&self, links: &[DueLink], settled: &BTreeSet<i64>, report: &mut Report) -> Result<()> {
        let (sent, silent): (Vec<_>, Vec<_>) = links
            .iter()
            .filter(|link| link.event.as_ref().is_none_or(|event| settled.contains(&event.id)))
            .partition(|link| link.event.is_some());
        if !silent.is_empty() {
            tracing::warn!(links = silent.len(), "links are due whose contacts have no event left to send round");
        }
        let postponed: Vec<_> = sent.iter().chain(&silent).copied().collect();
        if postponed.is_empty() {
            return Ok(());
        }
        let holder = self.lease.holder();
        if ask(&self.app.database, PATIENCE, async |db| due_links::postpone(db, holder, &postponed).await).await? {
            report.sent_round += sent.len() as u64;
        } else {
            self.lease.lose();
        }
        Ok(())
    }
}

/// The events to publish, one a contact, however many of its links are due.
fn latest(links: &[DueLink]) -> Vec<Waiting> {
    let events: BTreeMap<_, _> =
        links.iter().filter_map(|link| link.event.as_ref()).map(|event| (event.id, event)).collect();
    events.into_values().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::{DueLink, Waiting, latest};
    use jiff::Timestamp;
    use uuid::Uuid;

    fn link(contact: u128, connection: &str, event: Option<i64>) -> DueLink {
        let (tenant, contact) = ("tn_one".to_owned(), Uuid::from_u128(contact));
        let event = event.map(|id| Waiting {
            id,
            ce_id: Uuid::nil(),
            tenant: tenant.clone(),
            key: contact.to_string(),
            kind: "updated".into(),
            occurred_at: Timestamp::UNIX_EPOCH,
            traceparent: None,
            value: "{}".into(),
            contact: Some((contact, 1)),
            turn: 0,
        });
        DueLink { tenant, contact, connection: connection.to_owned(), retry_at: Timestamp::UNIX_EPOCH, event }
    }

    #[test]
    fn a_contact_comes_round_once_however_many_of_its_links_are_due() {
        let links =
            [link(1, "cn_a", Some(7)), link(2, "cn_a", Some(5)), link(1, "cn_b", Some(7)), link(3, "cn_a", None)];
        let ids: Vec<_> = latest(&links).iter().map(|event| event.id).collect();
        assert_eq!(ids, [5, 7]);
    }
}
