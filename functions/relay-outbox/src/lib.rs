//! Publishes what waits in the outbox to Kafka, and is the only function that does.
//!
//! It works in shifts that overlap. A shift first waits for the lease, so that one works at a time; then it claims
//! waiting rows in the order of their ids, publishes them, and marks them. An event may be published twice. None is
//! lost, and none is first published before an earlier one with its key.
//!
//! A contact whose link is due, because writing it to a CRM has failed, is sent round again: its latest event is
//! published once more.

mod backoff;
mod cloudevent;
mod database;
mod due;
mod feed;
mod floor;
mod iam;
mod lag;
mod lease;
mod outlet;
mod producer;
mod publisher;
mod report;
mod settings;
mod shift;

use crosswalk::clock::End;
use crosswalk::config::Env;
use crosswalk::{App, Error, Result};
use lambda_runtime::LambdaEvent;
use serde_json::Value;
use tokio::sync::OnceCell;

pub use report::Report;
pub use settings::{Auth, Settings};

use lease::{Lease, WhileHeld};
use outlet::Outlet;
use publisher::Publisher;
use shift::Shift;

/// The relay of this instance: its producer lives from one shift to the next.
static RELAY: OnceCell<Relay> = OnceCell::const_new();

/// Works one shift. The event only says that it is time for one.
pub async fn handle(app: &App, event: LambdaEvent<Value>) -> Result<Report> {
    let relay = RELAY.get_or_try_init(|| async { Ok::<_, Error>(Relay::new(settings()?)) }).await?;
    relay.work(app, event.context.deadline).await
}

/// What stays between shifts.
pub struct Relay {
    settings: Settings,
    contacts: Outlet,
    webhooks: Outlet,
    publisher: Publisher,
}

impl Relay {
    /// A relay with these settings. It connects nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            contacts: Outlet::contacts(&settings),
            webhooks: Outlet::webhooks(&settings),
            publisher: Publisher::new(&settings),
            settings,
        }
    }

    /// Works one shift, in an invocation that will be cut at `deadline` (milliseconds since 1970).
    pub async fn work(&self, app: &App, deadline: u64) -> Result<Report> {
        let end = End::after(self.settings.shift, deadline);
        let lease = Lease::new(app, self.settings.lease);
        let mut shift = Shift::new(self, app, &lease, &end);
        // The producer needs half a second before its first record: it may use the time that we wait.
        self.publisher.warm();

        let mut held = lease.take(&end, WhileHeld::Wait).await?;
        while held {
            shift.begins();
            let outcome = lease.during(shift.work()).await;
            lease.give_back().await;
            outcome?;
            // Before its end a shift only stops because PostgreSQL was away for longer than the lease lasts, or
            // because it was frozen. Unless another has taken over, it goes on.
            held = !end.is_over() && lease.take(&end, WhileHeld::Leave).await?;
        }
        Ok(shift.ends())
    }
}

fn settings() -> Result<Settings> {
    Settings::read(&Env::process()).map_err(|error| Error::internal("read the relay's settings", error))
}
