//! Clients who show their secret.

use std::net::IpAddr;
use std::time::Duration;

use redis::Pipeline;

use crate::app::App;
use crate::auth::ClientSecret;
use crate::config::TokenQuota;
use crate::db::clients::Client;
use crate::error::{Error, OAuthFault, Result};
use crate::rate::{Decision, Limit};
use crate::telemetry::{self, Measure};

/// Who a caller says it is, and from where.
#[derive(Debug)]
pub struct Credentials {
    /// The client's id.
    pub client_id: String,
    /// Its secret.
    pub secret: ClientSecret,
    /// Where the request came from.
    pub address: Option<IpAddr>,
}

impl Credentials {
    /// Counts the attempt, and only then says whether the secret is right: guessing is limited per client and per
    /// address, and takes the same time and gives the same answer whether or not there is such a client.
    pub(super) async fn authenticate(&self, app: &App, client: Option<Client>) -> Result<Client> {
        self.count(app, client.as_ref().and_then(|client| client.tokens)).await?;
        let nobody = [0; 32];
        let stored = client.as_ref().map_or(&nobody[..], |client| &client.secret_sha256);
        match (self.secret.matches(stored), client) {
            (true, Some(client)) => Ok(client),
            _ => Err(Error::OAuth(OAuthFault::InvalidClient, "the client is unknown or its secret is wrong")),
        }
    }

    async fn count(&self, app: &App, own: Option<TokenQuota>) -> Result<()> {
        let limits = &app.config.limits;
        let per_client = Limit::from(own.unwrap_or(limits.tokens_per_client));
        let per_address = Limit::from(limits.tokens_per_address);
        let keys = app.redis.keys();
        let answer: Result<Vec<(bool, u32, u64, u64)>, _> = app
            .redis
            .ask(|call| {
                let mut pipeline = Pipeline::with_capacity(2);
                per_client.ask(call, &mut pipeline, &keys.token_client(&self.client_id));
                if let Some(address) = self.address {
                    per_address.ask(call, &mut pipeline, &keys.token_address(address));
                }
                pipeline
            })
            .await;
        let Ok(counts) = answer else {
            telemetry::count(Measure::RateUnchecked, 1);
            tracing::warn!("a token request was let pass without a rate limit");
            return Ok(());
        };
        let decisions = [per_client, per_address].into_iter().zip(counts).map(|(limit, count)| limit.decision(count));
        match decisions.filter_map(|Decision { retry_after, .. }| retry_after).max() {
            None => Ok(()),
            Some(retry_after) => {
                telemetry::count(Measure::RateLimited, 1);
                Err(Error::RateLimited { retry_after: retry_after.max(Duration::from_secs(1)) })
            }
        }
    }
}
