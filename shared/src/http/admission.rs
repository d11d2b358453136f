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

impl App {
    /// Lets a caller in who has a good token that reaches this far, within its quota.
    pub async fn admit(&self, request: &Request, scope: Scope) -> Result<Caller> {
        Ok(self.admit_reading(request, scope, None).await?.0)
    }

    /// The same, and asks the cache for a contact in the same round trip.
    pub async fn admit_reading(
        &self,
        request: &Request,
        scope: Scope,
        contact: Option<Uuid>,
    ) -> Result<(Caller, Option<Entry>)> {
        let claims = self.verifier.verify(bearer_token(request)?).await?;
        let admission = admission::admit(self, &claims, scope, contact).await;
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
