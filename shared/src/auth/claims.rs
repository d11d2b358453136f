//! What an access token says.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Scope;
use crate::config::Quota;
use crate::error::{Error, Result};
use crate::telemetry::TraceParent;

/// The claims (RFC 7519, RFC 9068).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the standard's own names")]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    /// The client.
    pub sub: String,
    /// Whose contacts it reaches.
    pub tenant: String,
    /// Words with spaces between them.
    pub scope: String,
    pub jti: Uuid,
    /// Seconds since 1970, as the next.
    pub iat: i64,
    pub exp: i64,
    /// Requests a second, if the client has a quota of its own: so a request need not ask PostgreSQL for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// The burst that belongs to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<u32>,
}

/// A caller who was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Whose contacts it reaches; every query takes it.
    pub tenant: String,
    /// Which client it is.
    pub client: String,
    /// The trace that its request belongs to.
    pub traceparent: Option<TraceParent>,
}

impl Claims {
    /// Whether it reaches this far.
    pub fn require(&self, scope: Scope) -> Result<()> {
        let has = self.scope.split(' ').any(|word| word == scope.as_str());
        if has { Ok(()) } else { Err(Error::ScopeMissing(scope.as_str())) }
    }

    /// The client's own quota.
    pub fn quota(&self) -> Option<Quota> {
        let per_second = self.rate.filter(|rate| *rate > 0)?;
        Some(Quota { per_second, burst: self.burst.filter(|burst| *burst > 0).unwrap_or(per_second) })
    }
}
