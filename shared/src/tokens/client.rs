//! Clients that show their secret.
//!
//! A secret has 256 random bits, so guessing needs no limit per client, and a limit that wrong secrets use up would
//! let anybody who knows a client's id lock the client out. A right secret is charged to the client; a wrong one to
//! the source that sent it, alone and together with the client.

use std::time::Duration;

use redis::Pipeline;

use crate::app::App;
use crate::auth::ClientSecret;
use crate::db::clients::Client;
use crate::error::{Error, OAuthFault, Result};
use crate::rate::{Cost, InstanceCounts, Limit};
use crate::source::Source;
use crate::telemetry::{self, Measure};

/// A client's id and secret, as a request presents them.
#[derive(Debug)]
pub struct Credentials {
    /// The client's id.
    pub client_id: String,
    /// Its secret.
    pub secret: ClientSecret,
    /// Where the request came from.
    pub source: Source,
}

impl Credentials {
    /// Rejects a source that has used up its quota of failed logins. It comes before the client is looked up, so that
    /// the rejected request costs PostgreSQL nothing.
    pub(super) async fn check_source(&self, app: &App) -> Result<()> {
        let wait = charge(app, &app.source_counts, &self.failure_limits(app), Cost::Check).await;
        wait.map_or(Ok(()), rate_limited)
    }

    /// The client, if the secret is its own. It takes the same time and gives the same answer whether or not there is
    /// such a client. A failure is charged to the source.
    pub(super) async fn authenticate(&self, app: &App, client: Option<Client>) -> Result<Client> {
        let nobody = [0; 32];
        let stored = client.as_ref().map_or(&nobody[..], |client| &client.secret_sha256);
        if let (true, Some(client)) = (self.secret.matches(stored), client) {
            return Ok(client);
        }
        charge(app, &app.source_counts, &self.failure_limits(app), Cost::REQUEST).await;
        Err(Error::OAuth(OAuthFault::InvalidClient, "the client is unknown or its secret is wrong"))
    }

    /// Charges a request with the right secret to the client's quota.
    pub(super) async fn charge_client(&self, app: &App, client: &Client) -> Result<()> {
        let limit = Limit::from(client.tokens.unwrap_or(app.config.limits.tokens_per_client));
        let quota = [(limit, app.redis.keys().token_client(&client.id))];
        let wait = charge(app, &app.counts, &quota, Cost::REQUEST).await;
        wait.map_or(Ok(()), rate_limited)
    }

    fn failure_limits(&self, app: &App) -> [(Limit, String); 2] {
        let (keys, limits) = (app.redis.keys(), &app.config.limits);
        [
            (limits.tokens_per_address.into(), keys.token_source(self.source)),
            (limits.tokens_per_client.into(), keys.token_source_client(self.source, &self.client_id)),
        ]
    }
}

/// How long the caller must wait for all of these limits, asked in one round trip; `None` if it need not. While Redis
/// gives no answer this instance counts.
async fn charge(app: &App, counts: &InstanceCounts, limits: &[(Limit, String)], cost: Cost) -> Option<Duration> {
    let build = |call| {
        let mut pipeline = Pipeline::with_capacity(limits.len());
        for (limit, key) in limits {
            limit.charge(call, &mut pipeline, key, cost);
        }
        pipeline
    };
    let answer: Result<Vec<(bool, u32, u64, u64)>, _> = app.redis.ask(build).await;
    if let Ok(answers) = answer {
        return limits.iter().zip(answers).filter_map(|((limit, _), answer)| limit.decision(answer).retry_after).max();
    }
    telemetry::count(Measure::RateUnchecked, 1);
    tracing::warn!("token request counted by this instance only");
    limits.iter().filter_map(|(limit, key)| counts.charge(*limit, key, cost).retry_after).max()
}

fn rate_limited(wait: Duration) -> Result<()> {
    telemetry::count(Measure::RateLimited, 1);
    Err(Error::RateLimited { retry_after: wait.max(Duration::from_secs(1)) })
}
