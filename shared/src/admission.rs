//! Letting a caller in: token, revocation, quota and scope, with one round trip to Redis.

use redis::Pipeline;
use uuid::Uuid;

use crate::app::App;
use crate::auth::{Claims, Scope};
use crate::cache::{self, Entry, Revocation};
use crate::db;
use crate::error::{Error, Result};
use crate::rate::{Cost, Decision, Limit};
use crate::telemetry::{self, Measure};

/// What came of it. The quota is told even to those who are refused.
#[derive(Debug)]
pub struct Admission {
    /// The limit that holds for the caller.
    pub limit: Limit,
    /// What the count says; `None` if Redis is away, and then everybody is let pass.
    pub rate: Option<Decision>,
    /// The contact that was asked for along the way.
    pub cached: Option<Entry>,
    /// Whether the caller is let in.
    pub verdict: Result<()>,
}

/// Revoked, all revocations loaded, the count.
type Counted = (bool, bool, (bool, u32, u64, u64));

/// Asks all there is to ask of a caller whose token was verified, and for a contact in the cache in the same breath.
pub async fn admit(app: &App, claims: &Claims, scope: Scope, cost: Cost, contact: Option<Uuid>) -> Admission {
    let limit = claims.quota().unwrap_or(app.config.limits.requests).into();
    let answer = ask(app, claims, limit, cost, contact).await;
    let (revocation, rate, cached) = if let Ok(((revoked, loaded, count), entry)) = answer {
        (Revocation::from_answer((revoked, loaded)), Some(limit.decision(count)), entry)
    } else {
        telemetry::count(Measure::RateUnchecked, 1);
        tracing::warn!(tenant = claims.tenant, client = claims.sub, "a request was let pass without a rate limit");
        (Revocation::Unknown, None, None)
    };
    let verdict = verdict(app, claims, scope, revocation, rate).await;
    Admission { limit, rate, cached, verdict }
}

async fn ask(
    app: &App,
    claims: &Claims,
    limit: Limit,
    cost: Cost,
    contact: Option<Uuid>,
) -> Result<(Counted, Option<Entry>), cache::Away> {
    let (redis, tenant) = (&app.redis, claims.tenant.as_str());
    let build = |call| {
        let mut pipeline = Pipeline::with_capacity(4);
        cache::look_up(redis, &mut pipeline, tenant, claims.jti);
        limit.charge(call, &mut pipeline, &redis.keys().rate(tenant, &claims.sub), cost);
        if let Some(id) = contact {
            cache::reading_contact(redis, &mut pipeline, tenant, id);
        }
        pipeline
    };
    if contact.is_none() {
        return Ok((redis.ask(build).await?, None));
    }
    let (revoked, loaded, count, entry): (_, _, _, Option<String>) = redis.ask(build).await?;
    Ok(((revoked, loaded, count), cache::read_contact(entry.as_deref())))
}

/// Charges an admitted client for work whose cost admission did not know. `None`: Redis is unavailable, and the work is
/// allowed.
pub async fn charge(app: &App, tenant: &str, client: &str, limit: Limit, cost: Cost) -> Option<Decision> {
    let build = |call| {
        let mut pipeline = Pipeline::with_capacity(1);
        limit.charge(call, &mut pipeline, &app.redis.keys().rate(tenant, client), cost);
        pipeline
    };
    let decision = app.redis.ask(build).await.ok().map(|(count,)| limit.decision(count));
    match decision {
        Some(Decision { retry_after: Some(_), .. }) => telemetry::count(Measure::RateLimited, 1),
        Some(_) => {}
        None => {
            telemetry::count(Measure::RateUnchecked, 1);
            tracing::warn!(tenant, client, "the cost of a request was not charged: Redis is unavailable");
        }
    }
    decision
}

async fn verdict(
    app: &App,
    claims: &Claims,
    scope: Scope,
    revocation: Revocation,
    rate: Option<Decision>,
) -> Result<()> {
    // Revocation first: a token that was taken away learns nothing more.
    let revoked = match revocation {
        Revocation::Revoked => true,
        Revocation::Good => false,
        Revocation::Unknown => is_revoked(app, claims, rate.is_some()).await?,
    };
    if revoked {
        return Err(Error::TokenRefused("the token was revoked"));
    }
    if let Some(retry_after) = rate.and_then(|decision| decision.retry_after) {
        telemetry::count(Measure::RateLimited, 1);
        return Err(Error::RateLimited { retry_after });
    }
    claims.require(scope)
}

/// Asks PostgreSQL. If Redis answers and merely doesn't know, it is told at once, for the next minute.
async fn is_revoked(app: &App, claims: &Claims, redis_answers: bool) -> Result<bool> {
    let connection = app.database.get().await?;
    if !redis_answers {
        return db::revocations::is_revoked(&connection, &claims.tenant, claims.jti).await;
    }
    let revoked = db::revocations::active(&connection, &claims.tenant).await?;
    // Redis may have gone since; then the next request asks PostgreSQL as this one did.
    let _ = cache::load(&app.redis, &claims.tenant, &revoked).await;
    Ok(revoked.iter().any(|(jti, _)| *jti == claims.jti))
}
