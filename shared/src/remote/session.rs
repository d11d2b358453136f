//! Talking to one connection's CRM.

use std::time::{Duration, Instant};

use redis::Pipeline;
use reqwest::Client;
use serde_json::Value;

use super::pass::Passes;
use super::{Failure, http};
use crate::auth::AccountAt;
use crate::cache::Redis;
use crate::config::{Crms, Secrets};
use crate::error::Result;
use crate::mapping::{Call, Crm};
use crate::rate::Limit;
use crate::telemetry::{self, Measure, TraceParent};

/// A call waits so long for room in the quota; longer is not worth it, for others are waiting behind it.
const PATIENCE: Duration = Duration::from_millis(500);

/// All CRMs, by way of one HTTP client.
#[derive(Debug)]
pub struct Remote {
    pub(super) client: Client,
    pub(super) settings: Crms,
    pub(super) passes: Passes,
}

/// What talks to one account.
pub struct Session<'a> {
    pub(super) remote: &'a Remote,
    pub(super) redis: &'a Redis,
    pub(super) secrets: &'a Secrets,
    pub(super) account: &'a AccountAt,
    pub(super) crm: &'static dyn Crm,
    trace: Option<&'a TraceParent>,
}

impl Remote {
    /// CRMs treated by these settings. Nothing connects yet.
    pub fn new(settings: &Crms) -> Result<Self> {
        Ok(Self { client: http::client(settings)?, settings: settings.clone(), passes: Passes::default() })
    }

    /// What talks to an account.
    pub fn session<'a>(
        &'a self,
        redis: &'a Redis,
        secrets: &'a Secrets,
        account: &'a AccountAt,
        crm: &'static dyn Crm,
    ) -> Session<'a> {
        Session { remote: self, redis, secrets, account, crm, trace: None }
    }
}

impl<'a> Session<'a> {
    /// The same, for work in a trace.
    #[must_use]
    pub fn within(self, trace: Option<&'a TraceParent>) -> Self {
        Self { trace, ..self }
    }

    /// Sends a call, logged in. A token that is no longer good is replaced once.
    pub async fn send(&self, call: &Call) -> Result<Value, Failure> {
        self.wait_for_room().await?;
        let token = self.token(None).await?;
        if let Some(answer) = self.ask(call, Some(&token)).await? {
            return Ok(answer);
        }
        let token = self.token(Some(&token)).await?;
        let answer = self.ask(call, Some(&token)).await?;
        answer.ok_or_else(|| Failure::Unreached("the CRM refuses the token that it has just given".to_owned()))
    }

    pub(super) async fn ask(&self, call: &Call, token: Option<&str>) -> Result<Option<Value>, Failure> {
        let Remote { client, settings, .. } = self.remote;
        let began = Instant::now();
        // Counted first: who waits for the answer may do so no longer.
        telemetry::count(Measure::CrmCalls, 1);
        let answer = http::send(client, settings, &self.account.base_url, call, token, self.trace).await;
        telemetry::observe(Measure::CrmLatency, began.elapsed());
        let failed = match &answer {
            // A token that is no longer good is replaced; for a login that is refused there is nothing else.
            Ok(None) => token.is_none(),
            // That there is no such record, or another version of it, is an answer.
            Ok(Some(_)) | Err(Failure::Gone | Failure::Stale(_)) => false,
            Err(_) => true,
        };
        telemetry::count(Measure::CrmErrors, u64::from(failed));
        answer
    }

    /// Waits until the connection may be asked once more. All instances share the count; with Redis away everybody may ask.
    async fn wait_for_room(&self) -> Result<(), Failure> {
        let limit = Limit::from(self.remote.settings.rate);
        let AccountAt { tenant, connection, .. } = self.account;
        let key = self.redis.keys().calls(tenant, connection);
        let build = |call| {
            let mut pipeline = Pipeline::with_capacity(1);
            limit.ask(call, &mut pipeline, &key);
            pipeline
        };
        let mut waited = Duration::ZERO;
        loop {
            let Ok((count,)) = self.redis.ask(build).await else { return Ok(()) };
            let Some(pause) = limit.decision(count).retry_after else { return Ok(()) };
            if waited + pause > PATIENCE {
                return Err(Failure::Limited(pause));
            }
            tokio::time::sleep(pause).await;
            waited += pause;
        }
    }
}

impl std::fmt::Debug for Session<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("connection", &self.account.connection).finish_non_exhaustive()
    }
}
