//! Revoked tokens in Redis: a key for each, and a marker that says that all of them are here.
//!
//! The marker lives for a minute. When it is gone (a flush, a minute, a restart) PostgreSQL is asked and the set is
//! loaded again, so that a flush loses nothing, and a revocation made while Redis was away is in force a minute
//! after its return at the latest.

use jiff::Timestamp;
use redis::Pipeline;
use uuid::Uuid;

use super::{Away, Redis};

const MARKER_SECONDS: u64 = 60;

/// What Redis says of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// It was revoked.
    Revoked,
    /// It was not.
    Good,
    /// Redis doesn't know: PostgreSQL must be asked.
    Unknown,
}

impl Revocation {
    /// Reads the answer to [`look_up`]: the token's key and the marker.
    pub fn from_answer((revoked, loaded): (bool, bool)) -> Self {
        match (revoked, loaded) {
            (true, _) => Self::Revoked,
            (false, true) => Self::Good,
            (false, false) => Self::Unknown,
        }
    }
}

/// Adds the question for a token to a request's pipeline: two answers, to be read by [`Revocation::from_answer`].
pub fn look_up(redis: &Redis, pipeline: &mut Pipeline, tenant: &str, jti: Uuid) {
    pipeline.exists(redis.keys().revoked(tenant, jti)).exists(redis.keys().revocations_loaded(tenant));
}

/// Marks one token as revoked.
pub async fn mark(redis: &Redis, tenant: &str, jti: Uuid, expires_at: Timestamp) -> Result<(), Away> {
    redis
        .ask(|_| {
            let mut pipeline = Pipeline::new();
            add(redis, &mut pipeline, tenant, jti, expires_at);
            pipeline
        })
        .await
}

/// Loads all of a tenant's revoked tokens, and then the marker. Tokens revoked meanwhile are only added to.
pub async fn load(redis: &Redis, tenant: &str, revoked: &[(Uuid, Timestamp)]) -> Result<(), Away> {
    redis
        .ask(|_| {
            let mut pipeline = Pipeline::with_capacity(revoked.len() + 1);
            for (jti, expires_at) in revoked {
                add(redis, &mut pipeline, tenant, *jti, *expires_at);
            }
            pipeline.set_ex(redis.keys().revocations_loaded(tenant), 1, MARKER_SECONDS).ignore();
            pipeline
        })
        .await
}

fn add(redis: &Redis, pipeline: &mut Pipeline, tenant: &str, jti: Uuid, expires_at: Timestamp) {
    // A second longer than the token, so that the two clocks need not agree to the millisecond.
    let key = redis.keys().revoked(tenant, jti);
    pipeline.cmd("SET").arg(key).arg(1).arg("EXAT").arg(expires_at.as_second() + 1).ignore();
}
