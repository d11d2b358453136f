//! What can go wrong, in the words of the domain. Nothing here knows of HTTP: `http::problem` turns an
//! [`Error`] into an answer, and `entry` logs its cause once.

use std::error::Error as StdError;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// The result of everything in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A cause that is logged and never shown.
pub type Cause = Box<dyn StdError + Send + Sync>;

/// How long a caller should wait before it asks again when a store is away.
const RETRY_UNAVAILABLE: Duration = Duration::from_secs(2);

/// One fault of a request body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// Where: a JSON Pointer (RFC 6901) such as `/tags/0`; empty for the whole body.
    pub pointer: String,
    /// What, for programs: `required`, `type`, `blank`, `too_long`, `too_many`, `too_large`, `control_character`,
    /// `invalid`, `unknown`, `duplicate`, `in_future`, `too_many_faults`; in an atomic batch also `not_found`, `deleted`,
    /// `version_conflict`; in a webhook also `malformed`.
    pub code: &'static str,
    /// What, for people. It names limits, never the value that was sent.
    pub detail: String,
}

/// A refusal in the terms of OAuth 2.0 (RFC 6749, section 5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the RFC's own words")]
pub enum OAuthFault {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnsupportedGrantType,
    InvalidScope,
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request can't be read: syntax, a bad parameter, a bad header.
    #[error("{0}")]
    Malformed(String),
    /// The body was read and is wrong, in every place listed.
    #[error("{} in the body", count(.0.len(), "fault"))]
    Invalid(Vec<Fault>),
    /// No token was sent.
    #[error("an access token is needed: Authorization: Bearer …")]
    TokenMissing,
    /// A token that is not good. The text never says more than the caller may know.
    #[error("{0}")]
    TokenRefused(&'static str),
    /// The token is good and does not reach as far as this.
    #[error("the token lacks the scope {0}")]
    ScopeMissing(&'static str),
    /// A request that its sender did not sign, or not so that we believe it. The text never says why.
    #[error("the request carries no good signature of this connection")]
    SignatureRefused,
    /// A refusal of the token endpoints.
    #[error("{1}")]
    OAuth(OAuthFault, &'static str),
    /// There is no such contact for this tenant.
    #[error("there is no contact {0}")]
    ContactNotFound(String),
    /// There is no such connection for this tenant.
    #[error("there is no connection {0}")]
    ConnectionNotFound(String),
    /// No contact is linked to this record.
    #[error("no contact is linked to the record {0}")]
    RecordNotFound(String),
    /// There is no such webhook for this tenant.
    #[error("there is no webhook event {0}")]
    WebhookNotFound(String),
    /// The webhook's body is gone, so it can't be worked again.
    #[error("the body of the webhook event {0} was erased")]
    WebhookErased(Uuid),
    /// No link of this tenant by this name is failing or dead.
    #[error("there is no sync failure {0}")]
    SyncFailureNotFound(String),
    /// The contact was deleted and can still be restored.
    #[error("the contact {0} was deleted")]
    ContactDeleted(Uuid),
    /// The body's `version` is not the current one.
    #[error("the contact's version is {current}")]
    VersionConflict {
        /// The version a change would have to name.
        current: i32,
    },
    /// `If-Match` does not match.
    #[error("the contact's version is {current}, which If-Match does not name")]
    PreconditionFailed {
        /// The version a change would have to name.
        current: i32,
    },
    /// A change without If-Match and without `version`.
    #[error("name the version to be changed in If-Match or as the body's version")]
    PreconditionRequired,
    /// The body is over the limit.
    #[error("the body is larger than {limit} bytes")]
    BodyTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body's media type is none of those the route takes.
    #[error("the media type must be {0}")]
    UnsupportedMediaType(&'static str),
    /// The quota is used up.
    #[error("too many requests")]
    RateLimited {
        /// When the next one will be let through.
        retry_after: Duration,
    },
    /// The key was used before, for another request.
    #[error("the Idempotency-Key was used for another request")]
    IdempotencyKeyReused,
    /// The first request with the key is still being worked on.
    #[error("a request with this Idempotency-Key is still being worked on")]
    IdempotencyKeyInFlight,
    /// No route has this path.
    #[error("there is no such route")]
    RouteNotFound,
    /// The path has routes, none of them with this method.
    #[error("the route does not take this method")]
    MethodNotAllowed {
        /// The methods it takes, as in the Allow header.
        allow: String,
    },
    /// A store we can't do without is away: nothing was done, or what was done is whole.
    #[error("{what} is not available")]
    Unavailable {
        /// The store.
        what: &'static str,
        /// When to ask again.
        retry_after: Duration,
        /// Why.
        #[source]
        source: Cause,
    },
    /// Our own fault.
    #[error("{what}")]
    Internal {
        /// What was being done.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: Cause,
    },
}

impl Error {
    /// Why something was parked, for whoever looks after it: place by place, and never a value.
    pub fn reason(&self) -> String {
        const MAX_REASON: usize = 1_000;
        let Self::Invalid(faults) = self else { return self.to_string() };
        let told = faults.iter().map(|fault| {
            let place = if fault.pointer.is_empty() { "the whole" } else { &fault.pointer };
            format!("{place} {}", fault.detail)
        });
        told.collect::<Vec<_>>().join("; ").replace('\0', "").chars().take(MAX_REASON).collect()
    }

    /// A store is away.
    pub fn unavailable(what: &'static str, source: impl Into<Cause>) -> Self {
        Self::Unavailable { what, retry_after: RETRY_UNAVAILABLE, source: source.into() }
    }

    /// Something failed that never should.
    pub fn internal(what: &'static str, source: impl Into<Cause>) -> Self {
        Self::Internal { what, source: source.into() }
    }

    /// The text of an error and of all its causes, for the log.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(next) = cause {
            text.push_str(": ");
            text.push_str(&next.to_string());
            cause = next.source();
        }
        text
    }
}

fn count(n: usize, thing: &str) -> String {
    if n == 1 { format!("1 {thing}") } else { format!("{n} {thing}s") }
}
