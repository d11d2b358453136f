//! Revoked tokens in Redis: one hash for each tenant, which is complete if it has the field `loaded`.
//!
//! The hash lives for a minute. When it is gone (a minute, an eviction, a flush, a restart) PostgreSQL is asked and
//! the hash is loaded again. So a flush loses nothing, and what changed in PostgreSQL while Redis was away is in
//! force within a minute. Because it is one key, Redis cannot evict a part of it.

use std::sync::LazyLock;

use redis::Pipeline;
use uuid::Uuid;

use super::{Away, Call, Redis, Script};
use crate::db::revocations::Active;

static ADD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/add_revocations.lua")));

/// The longest time until a change in PostgreSQL is in force everywhere.
const SECONDS: u64 = 60;

/// The field that says that the hash is complete.
const LOADED: &str = "loaded";

/// What Redis says of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// It was revoked, or issued before its client's oldest valid time.
    Revoked,
    /// It was not.
    Good,
    /// Redis doesn't know: PostgreSQL must be asked.
    Unknown,
}

/// The answer to [`look_up`]: the fields `loaded`, of the token, and of its client.
pub type RevocationAnswer = (Option<i64>, Option<i64>, Option<i64>);

impl Revocation {
    /// Reads the answer for a token that was issued at this time.
    pub fn from_answer((loaded, revoked, valid_from): RevocationAnswer, iat: i64) -> Self {
        if revoked.is_some() || valid_from.is_some_and(|valid_from| iat < valid_from) {
            return Self::Revoked;
        }
        if loaded.is_some() { Self::Good } else { Self::Unknown }
    }
}

/// Adds the question for a token to a request's pipeline: one answer, to be read by [`Revocation::from_answer`].
pub fn look_up(redis: &Redis, pipeline: &mut Pipeline, tenant: &str, jti: Uuid, client: &str) {
    pipeline.cmd("HMGET").arg(redis.keys().revocations(tenant)).arg(LOADED).arg(token(jti)).arg(client);
}

/// Marks one token as revoked.
pub async fn mark(redis: &Redis, tenant: &str, jti: Uuid) -> Result<(), Away> {
    add(redis, tenant, &[(token(jti), 1)]).await
}

/// Loads all of a tenant's revocations. What was marked meanwhile stays.
pub async fn load(redis: &Redis, tenant: &str, active: &Active) -> Result<(), Away> {
    let tokens = active.tokens.iter().map(|jti| (token(*jti), 1));
    let clients = active.clients.iter().map(|(client, valid_from)| (client.clone(), *valid_from));
    let fields: Vec<_> = tokens.chain(clients).chain([(LOADED.to_owned(), 1)]).collect();
    add(redis, tenant, &fields).await
}

async fn add(redis: &Redis, tenant: &str, fields: &[(String, i64)]) -> Result<(), Away> {
    let build = |call: Call| {
        let mut command = ADD.on(call, &redis.keys().revocations(tenant));
        command.arg(SECONDS);
        for (field, value) in fields {
            command.arg(field).arg(value);
        }
        let mut pipeline = Pipeline::with_capacity(1);
        pipeline.add_command(command).ignore();
        pipeline
    };
    redis.ask(build).await
}

/// A token's field. A client's field is its id, which begins with `cl_`.
fn token(jti: Uuid) -> String {
    jti.simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::Revocation::{Good, Revoked, Unknown};
    use super::{Revocation, RevocationAnswer};

    #[test]
    fn token_is_good_only_if_the_hash_is_complete_and_has_nothing_against_it() {
        let cases: [(RevocationAnswer, Revocation); 6] = [
            ((None, None, None), Unknown),
            ((Some(1), None, None), Good),
            ((None, Some(1), None), Revoked),
            ((Some(1), Some(1), None), Revoked),
            ((Some(1), None, Some(101)), Revoked),
            ((Some(1), None, Some(100)), Good),
        ];
        for (answer, expected) in cases {
            assert_eq!(Revocation::from_answer(answer, 100), expected, "{answer:?}");
        }
    }
}
