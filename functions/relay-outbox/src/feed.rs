//! One source's rows on their way to its topic: claimed, published, marked.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crosswalk::clock::{End, Moment};
use crosswalk::db::Connection;
use crosswalk::db::outbox::{self, Waiting};
use crosswalk::telemetry::{self, Measure};
use crosswalk::{App, Error, Result, cache};
use futures::future::join_all;
use uuid::Uuid;

use crate::Relay;
use crate::database::{PATIENCE, ask};
use crate::floor::Floor;
use crate::lag::Lag;
use crate::lease::Lease;
use crate::outlet::Outlet;
use crate::report::Report;

/// At most so many replayed webhooks are on the topic and not processed, and a pause lies between two claims of them: 200 a
/// second, all tenants together, which is a small part of what the consumers can do. New webhooks wait for few of them.
const REPLAYS: u32 = 20;
const REPLAY_PAUSE: Duration = Duration::from_millis(100);

/// A source while a shift works on it.
pub struct Feed<'a> {
    relay: &'a Relay,
    app: &'a App,
    lease: &'a Lease<'a>,
    end: &'a End,
    outlet: &'a Outlet,
    floor: Floor,
    unsettled: Unsettled,
    /// When replayed rows were last looked for.
    replayed: Option<Moment>,
}

/// What the broker has decided and PostgreSQL has not been told yet.
#[derive(Default)]
struct Unsettled {
    published: Vec<(i64, i32)>,
    refused: Vec<i64>,
    reasons: Vec<String>,
}

/// How much there was to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Load {
    /// Nothing waited.
    Idle,
    /// All that waited was claimed.
    Some,
    /// There may be more.
    Full,
}

impl<'a> Feed<'a> {
    /// A feed of an outlet.
    pub fn new(relay: &'a Relay, app: &'a App, lease: &'a Lease<'a>, end: &'a End, outlet: &'a Outlet) -> Self {
        let floor = Floor::new(outlet.source, relay.settings.floor);
        Self { relay, app, lease, end, outlet, floor, unsettled: Unsettled::default(), replayed: None }
    }

    /// Claims a batch, publishes it and marks it.
    pub async fn round(&mut self, report: &mut Report, lag: &mut Lag) -> Result<Load> {
        // What could not be marked is marked before anything is claimed, or it would be published once more.
        self.settle(report).await?;
        self.floor.tend(self.app).await?;
        let bounds = self.relay.settings.batch;
        let source = self.outlet.source;
        let mut rows = ask(&self.app.database, PATIENCE, async |db| outbox::claim(db, source, bounds).await).await?;
        let load = load(&rows, bounds);
        // New rows come first: a replayed one with the key of a new one is published after it.
        if self.replayed.is_none_or(|moment| moment.elapsed() >= REPLAY_PAUSE) {
            self.replayed = Some(Moment::now());
            let replays = async |db: &Connection| outbox::claim_replays(db, source, REPLAYS).await;
            rows.extend(ask(&self.app.database, PATIENCE, replays).await?);
        }
        lag.note(&rows);
        if rows.is_empty() {
            return Ok(load);
        }
        let load = load.max(Load::Some);

        let may_send = || self.lease.is_held() && !self.end.is_over();
        let outcome = self.relay.publisher.publish(self.outlet, rows, may_send).await?;
        self.unsettled = Unsettled::of(self.outlet, &outcome.published, outcome.refused);
        let app = self.app;
        let (settled, ()) = tokio::join!(self.settle(report), outdate(app, &outcome.published));
        settled?;
        outcome.failure.map_or(Ok(load), |failure| Err(Error::unavailable("Kafka", failure)))
    }

    /// Tells PostgreSQL. If the lease turns out to be lost nothing is marked, and the next holder publishes the rows
    /// again.
    async fn settle(&mut self, report: &mut Report) -> Result<()> {
        let (source, holder) = (self.outlet.source, self.lease.holder());
        let Unsettled { published, refused, reasons } = &self.unsettled;
        if published.is_empty() && refused.is_empty() {
            return Ok(());
        }
        let held = ask(&self.app.database, PATIENCE, async |db| {
            Ok((published.is_empty() || outbox::mark(db, source, holder, published).await?)
                && (refused.is_empty() || outbox::park(db, source, holder, refused, reasons).await?))
        });
        if held.await? {
            report.published += published.len() as u64;
            report.parked += refused.len() as u64;
            telemetry::count(self.outlet.published, published.len() as u64);
            telemetry::count(Measure::EventsParked, refused.len() as u64);
        } else {
            self.lease.lose();
        }
        self.unsettled = Unsettled::default();
        Ok(())
    }
}

impl Unsettled {
    fn of(outlet: &Outlet, published: &[Waiting], refused: Vec<(Waiting, String)>) -> Self {
        let mut published: Vec<_> = published.iter().map(|row| (row.id, row.turn)).collect();
        published.sort_unstable();
        for (row, reason) in &refused {
            let (id, source) = (row.id, outlet.source.name);
            tracing::error!(source, id, ce_id = %row.ce_id, reason, "an event can't be published; it is parked");
        }
        let (refused, reasons) = refused.into_iter().map(|(row, reason)| (row.id, reason)).unzip();
        Self { published, refused, reasons }
    }
}

fn load(rows: &[Waiting], bounds: outbox::Bounds) -> Load {
    if rows.is_empty() {
        Load::Idle
    } else if bounds.are_reached(rows) {
        Load::Full
    } else {
        Load::Some
    }
}

/// Makes the cache forget what it has of these contacts, if that is older. The relay sees every change, so this
/// reaches what a writer could not when Redis was away. It is a help, not a promise.
async fn outdate(app: &App, rows: &[Waiting]) {
    let mut tenants: BTreeMap<&str, HashMap<Uuid, i32>> = BTreeMap::new();
    for row in rows {
        if let Some((contact, version)) = row.contact {
            let latest = tenants.entry(&row.tenant).or_default().entry(contact).or_default();
            *latest = version.max(*latest);
        }
    }
    let outdated = tenants.into_iter().map(|(tenant, versions)| async move {
        let versions: Vec<_> = versions.into_iter().collect();
        let _ = cache::stale(&app.redis, tenant, &versions, app.config.cache.ttl).await;
    });
    join_all(outdated).await;
}
