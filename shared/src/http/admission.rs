//! The one place that asks who is calling, and Redis, before a handler works.

use lambda_http::http::header::AUTHORIZATION;
use uuid::Uuid;

use super::Request;
use super::exchange::Exchange;
use crate::admission;
use crate::app::App;
use crate::auth::{Caller, Scope};
use crate::cache::Entry;
use crate::error::{Error, Result};
use crate::rate::{Cost, Decision};

impl App {
    /// Lets a caller in who has a good token that reaches this far, within its quota.
    pub async fn admit(&self, request: &Request, scope: Scope) -> Result<Caller> {
        Ok(self.admit_reading(request, scope, None).await?.0)
    }

    /// The same, for a request whose cost its header and query already tell.
    pub async fn admit_at_cost(&self, request: &Request, scope: Scope, cost: u32) -> Result<Caller> {
        Ok(self.admit_as(request, scope, Cost::Before(cost), None).await?.0)
    }

    /// Charges an admitted request `cost` in all, of which admission has charged 1. Call it before the work begins: the
    /// request is rejected if the quota does not allow it.
    ///
    /// This costs a round trip to Redis of its own. Admission can't charge it, because a request above its quota must be
    /// rejected before megabytes of its body are parsed.
    pub async fn charge(&self, request: &Request, cost: u32) -> Result<()> {
        let Some(exchange) = Exchange::of(request) else { return Ok(()) };
        let Some(limit) = exchange.limit() else { return Ok(()) };
        // The whole burst is the highest cost, and admission has taken 1 of it.
        let rest = cost.min(limit.burst()).saturating_sub(1);
        match self.charge_client(request, Cost::Before(rest)).await.and_then(|decision| decision.retry_after) {
            // The repeated request pays for its admission again.
            Some(retry_after) => Err(Error::RateLimited { retry_after: retry_after + limit.interval() }),
            None => Ok(()),
        }
    }

    /// Charges an admitted request for work that is done. It is never rejected: the client's next requests wait until the
    /// work is paid for.
    pub async fn charge_afterwards(&self, request: &Request, cost: u32) {
        self.charge_client(request, Cost::After(cost)).await;
    }

    async fn charge_client(&self, request: &Request, cost: Cost) -> Option<Decision> {
        let exchange = Exchange::of(request)?;
        let (limit, (Some(tenant), Some(client))) = (exchange.limit()?, exchange.caller()) else { return None };
        if matches!(cost, Cost::Before(0) | Cost::After(0)) {
            return None;
        }
        let decision = admission::charge(self, &tenant, &client, limit, cost).await;
        exchange.note_rate(decision);
        Some(decision)
    }

    /// The same, and asks the cache for a contact in the same round trip.
    pub async fn admit_reading(
        &self,
        request: &Request,
        scope: Scope,
        contact: Option<Uuid>,
    ) -> Result<(Caller, Option<Entry>)> {
        self.admit_as(request, scope, Cost::REQUEST, contact).await
    }

    async fn admit_as(
        &self,
        request: &Request,
        scope: Scope,
        cost: Cost,
        contact: Option<Uuid>,
    ) -> Result<(Caller, Option<Entry>)> {
        let claims = self.verifier.verify(bearer_token(request)?).await?;
        let admission = admission::admit(self, &claims, scope, cost, contact).await;
        let exchange = Exchange::of(request);
        if let Some(exchange) = exchange {
            exchange.note_caller(&claims.tenant, &claims.sub);
            exchange.note_rate(admission.rate);
        }
        admission.verdict?;
        let caller = Caller {
            tenant: claims.tenant.clone(),
            client: claims.sub.clone(),
            traceparent: exchange.and_then(|exchange| exchange.traceparent.clone()),
        };
        Ok((caller, admission.cached))
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750, section 2.1).
pub fn bearer_token(request: &Request) -> Result<&str> {
    let header = request.headers().get(AUTHORIZATION).ok_or(Error::TokenMissing)?;
    let malformed = || Error::TokenRefused("the Authorization header is not a Bearer token");
    let (scheme, token) = header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(malformed)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(malformed()) }
}
