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
    /// What the count says: of all instances, or of this one while Redis gives no answer.
    pub rate: Decision,
    /// The contact that was asked for along the way.
    pub cached: Option<Entry>,
    /// Whether the caller is let in.
    pub verdict: Result<()>,
}

/// The token's revocation and the count.
type Counted = (cache::RevocationAnswer, (bool, u32, u64, u64));

/// Asks all there is to ask of a caller whose token was verified, and for a contact in the cache in the same breath.
pub async fn admit(app: &App, claims: &Claims, scope: Scope, cost: Cost, contact: Option<Uuid>) -> Admission {
    let limit = claims.quota().unwrap_or(app.config.limits.requests).into();
    let answer = ask(app, claims, limit, cost, contact).await;
    let redis_answers = answer.is_ok();
    let (revocation, rate, cached) = if let Ok(((revocation, count), entry)) = answer {
        (Revocation::from_answer(revocation, claims.iat), limit.decision(count), entry)
    } else {
        telemetry::count(Measure::RateUnchecked, 1);
        tracing::warn!(tenant = claims.tenant, client = claims.sub, "request counted by this instance only");
        let key = app.redis.keys().rate(&claims.tenant, &claims.sub);
        (Revocation::Unknown, app.counts.charge(limit, &key, cost), None)
    };
    let revoked = match revocation {
        Revocation::Revoked => Ok(true),
        Revocation::Good => Ok(false),
        // While Redis gives no answer, a refused request costs PostgreSQL nothing: it does no more than learn of the
        // quota.
        Revocation::Unknown if !redis_answers && rate.retry_after.is_some() => Ok(false),
        Revocation::Unknown => is_revoked(app, claims, redis_answers).await,
    };
    let verdict = revoked.and_then(|revoked| verdict(claims, scope, revoked, rate));
    Admission { rate, cached, verdict }
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
        let mut pipeline = Pipeline::with_capacity(3);
        cache::look_up(redis, &mut pipeline, tenant, claims.jti, &claims.sub);
        limit.charge(call, &mut pipeline, &redis.keys().rate(tenant, &claims.sub), cost);
        if let Some(id) = contact {
            cache::reading_contact(redis, &mut pipeline, tenant, id);
        }
        pipeline
    };
    if contact.is_none() {
        return Ok((redis.ask(build).await?, None));
    }
    let (revocation, count, entry): (_, _, Option<String>) = redis.ask(build).await?;
    Ok(((revocation, count), cache::read_contact(entry.as_deref())))
}

/// Charges an admitted client for work whose cost admission did not know.
pub async fn charge(app: &App, tenant: &str, client: &str, limit: Limit, cost: Cost) -> Decision {
    let key = app.redis.keys().rate(tenant, client);
    let build = |call| {
        let mut pipeline = Pipeline::with_capacity(1);
        limit.charge(call, &mut pipeline, &key, cost);
        pipeline
    };
    let decision = if let Ok((count,)) = app.redis.ask(build).await {
        limit.decision(count)
    } else {
        telemetry::count(Measure::RateUnchecked, 1);
        tracing::warn!(tenant, client, "the cost of a request was charged by this instance only");
        app.counts.charge(limit, &key, cost)
    };
    if decision.retry_after.is_some() {
        telemetry::count(Measure::RateLimited, 1);
    }
    decision
}

fn verdict(claims: &Claims, scope: Scope, revoked: bool, rate: Decision) -> Result<()> {
    // Revocation first: a token that was taken away learns nothing more.
    if revoked {
        return Err(Error::TokenRefused("the token was revoked"));
    }
    if let Some(retry_after) = rate.retry_after {
        telemetry::count(Measure::RateLimited, 1);
        return Err(Error::RateLimited { retry_after });
    }
    claims.require(scope)
}

/// Asks PostgreSQL. If Redis answers and merely doesn't know, it is told at once, for the next minute.
async fn is_revoked(app: &App, claims: &Claims, redis_answers: bool) -> Result<bool> {
    let connection = app.database.get().await?;
    if !redis_answers {
        return db::revocations::is_revoked(&connection, &claims.tenant, claims.jti, &claims.sub, claims.iat).await;
    }
    let active = db::revocations::active(&connection, &claims.tenant).await?;
    drop(connection);
    // Redis may have gone since; then the next request asks PostgreSQL as this one did.
    let _ = cache::load(&app.redis, &claims.tenant, &active).await;
    Ok(active.refuses(claims.jti, &claims.sub, claims.iat))
}
