//! Who sent a webhook.

use std::sync::Arc;

use jiff::Timestamp;
use redis::Pipeline;

use crate::app::App;
use crate::auth::{Account, Recalled, Sender};
use crate::db;
use crate::error::{Error, Result};
use crate::mapping::{Crm, Delivery, check_for_nobody, crm};
use crate::rate::{Cost, Decision, Limit};
use crate::source::Source;
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
pub async fn authenticate(app: &App, connection: &str, source: Source, delivery: &Delivery<'_>) -> Result<Authentic> {
    let Some(sender) = find(app, connection, source).await? else {
        // The answer must take as long as that to a bad signature of a known connection.
        check_for_nobody(delivery, Timestamp::now());
        return Err(Error::SignatureRefused);
    };
    let crm = crm(&sender.crm).ok_or_else(|| Error::internal("read a connection", "its CRM is not known"))?;
    let signed = |account: &Account| crm.is_genuine(delivery, &account.webhook_secrets(), Timestamp::now());
    let kept: Arc<Account> = app.secrets.shared(&sender.secret).await?;
    if is_signed(signed, &kept, || app.secrets.refresh(&sender.secret)).await? {
        Ok(Authentic { sender, crm })
    } else {
        Err(Error::SignatureRefused)
    }
}

/// Checks with the secrets that are kept. If they don't fit, they may have been changed just now: they are read
/// again, and checked with once more if they differ.
async fn is_signed(
    signed: impl Fn(&Account) -> bool,
    kept: &Account,
    refresh: impl AsyncFnOnce() -> Result<Account>,
) -> Result<bool> {
    if signed(kept) {
        return Ok(true);
    }
    let fresh = refresh().await?;
    Ok(fresh.webhook_secrets() != kept.webhook_secrets() && signed(&fresh))
}

/// Counts the webhook against its connection's quota. Only what was signed is counted: a stranger can't use up what
/// is the CRM's. While Redis gives no answer this instance counts.
pub async fn count(app: &App, sender: &Sender, bytes: usize) -> Decision {
    let cost = Cost::Before(u32::try_from(bytes.div_ceil(COST_UNIT)).unwrap_or(u32::MAX).max(1));
    let limit = Limit::from(app.config.limits.webhooks);
    let key = app.redis.keys().webhooks(&sender.tenant, &sender.connection);
    let build = |call| {
        let mut pipeline = Pipeline::with_capacity(1);
        limit.charge(call, &mut pipeline, &key, cost);
        pipeline
    };
    let decision = if let Ok((count,)) = app.redis.ask(build).await {
        limit.decision(count)
    } else {
        let (tenant, connection) = (&sender.tenant, &sender.connection);
        telemetry::count(Measure::RateUnchecked, 1);
        tracing::warn!(tenant, connection, "webhook counted by this instance only");
        app.counts.charge(limit, &key, cost)
    };
    if decision.retry_after.is_some() {
        telemetry::count(Measure::RateLimited, 1);
    }
    decision
}

/// Looks a connection up. A source that has named many unknown connections is refused before PostgreSQL is asked; the
/// count is this instance's own, because a round trip to Redis would cost what the lookup does.
async fn find(app: &App, connection: &str, source: Source) -> Result<Option<Sender>> {
    let limit = Limit::from(app.config.limits.unknown_connections_per_address);
    let key = format!("unknown-connection:{source}");
    match app.senders.recall(connection) {
        Recalled::Known(sender) => return Ok(Some(sender)),
        Recalled::Unknown => return Ok(None),
        Recalled::Expired => {}
        Recalled::Never => {
            if let Some(retry_after) = app.source_counts.check(limit, &key).retry_after {
                telemetry::count(Measure::RateLimited, 1);
                return Err(Error::RateLimited { retry_after });
            }
        }
    }
    let database = app.database.get().await?;
    let found = db::connections::sender(&database, connection).await?;
    app.senders.remember(connection, found.as_ref());
    if found.is_none() {
        app.source_counts.count(limit, &key);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::is_signed;
    use crate::auth::Account;

    fn account(secret: &str) -> Account {
        serde_json::from_value(serde_json::json!({"username": "u", "password": "p", "webhookSecret": secret})).unwrap()
    }

    #[tokio::test]
    async fn bad_signature_is_checked_once_more_only_if_the_secret_was_changed() {
        for (fresh, expected, checks) in [("old", false, 1), ("other", false, 2), ("new", true, 2)] {
            let checked = Cell::new(0);
            let signed = |account: &Account| {
                checked.set(checked.get() + 1);
                account.webhook_secret == "new"
            };
            let outcome = is_signed(signed, &account("old"), async || Ok(account(fresh))).await.unwrap();
            assert_eq!((outcome, checked.get()), (expected, checks), "{fresh}");
        }
    }
}
