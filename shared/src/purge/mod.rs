//! Erasing what is kept no longer, for good.
//!
//! A run takes steps, and each is a transaction of its own: a run that dies or whose time is over has lost nothing, and the
//! next goes on where it stopped. Two at once do no harm either, because each passes over the rows that the other has
//! locked.

mod contacts;

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use tokio::time::timeout;

use crate::app::App;
use crate::clock::End;
use crate::db;
use crate::db::purge::{Place, Step};
use crate::error::{Error, Result};

/// How much longer than promised everything is kept that others judge by clocks of their own: whether a contact can
/// still be restored, an answer still be given again, a token still be used. So what is purged is past its time for
/// everybody.
const MARGIN: Duration = Duration::from_hours(1);

/// How long the last steps may take after the end. It strikes when the server says nothing at all, against which the role's
/// time-outs don't help.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the answer under an `Idempotency-Key` is given again.
const IDEMPOTENCY_KEYS: Duration = Duration::from_hours(24);

/// How many rows a run erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Contacts past the retention, with their links.
    pub contacts: u64,
    /// Events: the history of those contacts, and what was published long ago.
    pub events: u64,
    /// Webhooks that told of those contacts and have lost their bodies.
    pub webhook_bodies: u64,
    /// Webhooks.
    pub webhook_events: u64,
    /// Idempotency keys.
    pub idempotency_keys: u64,
    /// Revocations of tokens that have expired since.
    pub revocations: u64,
    /// What the sync keeps to look back at: conflicts, records known to be deleted, and what could not be read.
    pub sync_notes: u64,
    /// Whether the run came to the end of everything. If not, the next goes on.
    pub finished: bool,
}

/// Erases what is past its time, until nothing is left or the end has come. One step of each kind is taken in any
/// case, so that even runs without time get on.
pub async fn run(app: &App, end: &End) -> Result<Report> {
    let mut run = Run::new(app);
    let outcome = timeout(end.left() + PATIENCE, run.rounds(end)).await.unwrap_or_else(|_| {
        // Nobody shall wait behind what was asked.
        app.database.forget();
        Err(Error::unavailable("PostgreSQL", "no answer until the run had to end"))
    });
    run.report.finished = outcome.is_ok() && run.is_finished();
    run.report.log();
    outcome.map(|()| run.report)
}

/// A run: how far each kind of rows has been worked through. `None` where it has been to its end, or failed.
struct Run<'a> {
    app: &'a App,
    report: Report,
    contacts: Option<Place>,
    events: Option<i64>,
    webhooks: Option<i64>,
    keys: Option<Timestamp>,
    revocations: Option<Timestamp>,
    tombstones: Option<Timestamp>,
    parked: Option<Timestamp>,
    conflicts: Option<Timestamp>,
}

impl Report {
    fn log(&self) {
        let Self { contacts, events, webhook_bodies, webhook_events, .. } = self;
        let Self { idempotency_keys, revocations, sync_notes, finished, .. } = self;
        tracing::info!(
            contacts,
            events,
            webhook_bodies,
            webhook_events,
            idempotency_keys,
            revocations,
            sync_notes,
            finished,
            "purge ended"
        );
    }
}

impl<'a> Run<'a> {
    fn new(app: &'a App) -> Self {
        Self {
            app,
            report: Report::default(),
            contacts: Some(Place::START),
            events: Some(0),
            webhooks: Some(0),
            keys: Some(Timestamp::UNIX_EPOCH),
            revocations: Some(Timestamp::UNIX_EPOCH),
            tombstones: Some(Timestamp::UNIX_EPOCH),
            parked: Some(Timestamp::UNIX_EPOCH),
            conflicts: Some(Timestamp::UNIX_EPOCH),
        }
    }

    fn is_finished(&self) -> bool {
        self.contacts.is_none()
            && self.events.is_none()
            && self.webhooks.is_none()
            && self.keys.is_none()
            && self.revocations.is_none()
            && self.tombstones.is_none()
            && self.parked.is_none()
            && self.conflicts.is_none()
    }

    async fn rounds(&mut self, end: &End) -> Result<()> {
        let mut outcome = self.round().await;
        while !self.is_finished() && !end.is_over() {
            outcome = outcome.and(self.round().await);
        }
        outcome
    }

    /// A step of each kind that is not at its end: a kind of which much is left does not keep the others from theirs.
    /// Nor does one that fails; it is over for this run.
    async fn round(&mut self) -> Result<()> {
        let outcome = self.contacts().await;
        let outcome = outcome.and(self.events().await);
        let outcome = outcome.and(self.webhooks().await);
        let outcome = outcome.and(self.keys().await);
        let outcome = outcome.and(self.revocations().await);
        outcome.and(self.sync_notes().await)
    }

    async fn contacts(&mut self) -> Result<()> {
        if let Some(after) = self.contacts.take() {
            let age = self.app.config.retention.contacts + MARGIN;
            let erased = contacts::erase(self.app, age, after).await?;
            self.report.contacts += erased.contacts;
            self.report.events += erased.events;
            self.report.webhook_bodies += erased.webhook_bodies;
            self.contacts = erased.next;
        }
        Ok(())
    }

    async fn events(&mut self) -> Result<()> {
        if let Some(above) = self.events.take() {
            let connection = self.app.database.get().await?;
            let age = self.app.config.retention.events;
            let Step { rows, next } = db::purge::contact_events(&connection, age, above).await?;
            self.report.events += rows;
            self.events = next;
        }
        Ok(())
    }

    async fn webhooks(&mut self) -> Result<()> {
        if let Some(above) = self.webhooks.take() {
            let connection = self.app.database.get().await?;
            let age = self.app.config.retention.webhooks;
            let Step { rows, next } = db::purge::webhook_events(&connection, age, above).await?;
            self.report.webhook_events += rows;
            self.webhooks = next;
        }
        Ok(())
    }

    async fn keys(&mut self) -> Result<()> {
        if let Some(from) = self.keys.take() {
            let connection = self.app.database.get().await?;
            let age = IDEMPOTENCY_KEYS + MARGIN;
            let Step { rows, next } = db::purge::idempotency_keys(&connection, age, from).await?;
            self.report.idempotency_keys += rows;
            self.keys = next;
        }
        Ok(())
    }

    async fn revocations(&mut self) -> Result<()> {
        if let Some(from) = self.revocations.take() {
            let connection = self.app.database.get().await?;
            let Step { rows, next } = db::purge::revocations(&connection, MARGIN, from).await?;
            self.report.revocations += rows;
            self.revocations = next;
        }
        Ok(())
    }

    async fn sync_notes(&mut self) -> Result<()> {
        let retention = &self.app.config.retention;
        let connection = self.app.database.get().await?;
        // A webhook that is replayed may be as old as webhooks get.
        let webhooks = retention.webhooks + MARGIN;
        if let Some(from) = self.tombstones.take() {
            let Step { rows, next } = db::purge::tombstones(&connection, webhooks, from).await?;
            self.report.sync_notes += rows;
            self.tombstones = next;
        }
        if let Some(from) = self.parked.take() {
            let Step { rows, next } = db::purge::parked_records(&connection, webhooks, from).await?;
            self.report.sync_notes += rows;
            self.parked = next;
        }
        if let Some(from) = self.conflicts.take() {
            let Step { rows, next } = db::purge::conflicts(&connection, retention.events, from).await?;
            self.report.sync_notes += rows;
            self.conflicts = next;
        }
        Ok(())
    }
}
