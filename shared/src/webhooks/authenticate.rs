//! Who sent a webhook.

use jiff::Timestamp;
use redis::Pipeline;

use crate::app::App;
use crate::auth::{Account, Sender};
use crate::db;
use crate::error::{Error, Result};
use crate::mapping::{Crm, Delivery, crm};
use crate::rate::{Cost, Decision, Limit};
use crate::telemetry::{self, Measure};

/// The bytes of a body that cost 1 of the connection's quota. A body has at most 1 MiB and a record of a CRM seldom 16 KiB,
/// so that only a webhook that is unusually large costs more than 1.
const COST_UNIT: usize = 64 * 1024;

/// A sender who has shown that it is one.
#[derive(Debug, Clone)]
pub struct Authentic {
    /// Who.
    pub sender: Sender,
    /// How what it sends is read.
    pub crm: &'static dyn Crm,
}

/// Finds out whether a connection sent this. That there is no such connection is told as a bad signature is.
pub async fn authenticate(app: &App, connection: &str, delivery: &Delivery<'_>) -> Result<Authentic> {
    let sender = find(app, connection).await?.ok_or(Error::SignatureRefused)?;
    let crm = crm(&sender.crm).ok_or_else(|| Error::internal("read a connection", "its CRM is not known"))?;
    let signed = |account: &Account| crm.is_genuine(delivery, &account.webhook_secrets(), Timestamp::now());
    // A secret that was changed just now is read anew before anything that it signed is refused.
    let genuine =
        signed(&*app.secrets.shared(&sender.secret).await?) || signed(&app.secrets.refresh(&sender.secret).await?);
    if genuine { Ok(Authentic { sender, crm }) } else { Err(Error::SignatureRefused) }
}

/// Counts the webhook against its connection's quota; `None` if Redis is away, and then it is let pass. Only what was
/// signed is counted: a stranger can't use up what is the CRM's.
pub async fn count(app: &App, sender: &Sender, bytes: usize) -> (Limit, Option<Decision>) {
    let cost = Cost::Before(u32::try_from(bytes.div_ceil(COST_UNIT)).unwrap_or(u32::MAX).max(1));
    let limit = Limit::from(app.config.limits.webhooks);
    let build = |call| {
        let mut pipeline = Pipeline::with_capacity(1);
        limit.charge(call, &mut pipeline, &app.redis.keys().webhooks(&sender.tenant, &sender.connection), cost);
        pipeline
    };
    let decision = app.redis.ask(build).await.ok().map(|(count,)| limit.decision(count));
    match decision {
        Some(Decision { retry_after: Some(_), .. }) => telemetry::count(Measure::RateLimited, 1),
        Some(_) => {}
        None => {
            let (tenant, connection) = (&sender.tenant, &sender.connection);
            telemetry::count(Measure::RateUnchecked, 1);
            tracing::warn!(tenant, connection, "a webhook was let pass without a rate limit");
        }
    }
    (limit, decision)
}

async fn find(app: &App, connection: &str) -> Result<Option<Sender>> {
    if let Some(known) = app.senders.recall(connection) {
        return Ok(known);
    }
    let database = app.database.get().await?;
    let found = db::connections::sender(&database, connection).await?;
    app.senders.remember(connection, found.as_ref());
    Ok(found)
}
