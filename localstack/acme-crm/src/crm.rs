//! The state that requests and webhooks share.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use reqwest::{Client, redirect, retry};
use tokio::sync::{Notify, watch};

use crate::faults::InForce;
use crate::limit::Limiter;
use crate::settings::{Settings, Webhook};
use crate::simulator::StartError;
use crate::store::Store;
use crate::tokens::Tokens;

/// One CRM.
pub(crate) struct Crm {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) tokens: Tokens,
    pub(crate) limiter: Limiter,
    pub(crate) faults: InForce,
    pub(crate) requests: Requests,
    pub(crate) traces: Traces,
    /// Where webhooks go, which may be said after the start.
    pub(crate) webhook: watch::Sender<Option<Webhook>>,
    pub(crate) client: Client,
    /// There is a new delivery.
    pub(crate) queued: Notify,
    /// A delivery is over.
    pub(crate) settled: Notify,
}

impl Crm {
    pub(crate) async fn open(settings: Settings) -> Result<Self, StartError> {
        let store = Store::open(&settings.redis_url, &settings.prefix).await?;
        let client = Client::builder()
            // Tries again by its own count.
            .retry(retry::never())
            .redirect(redirect::Policy::none())
            .timeout(settings.retry.answer)
            .no_proxy()
            .build()?;
        Ok(Self {
            tokens: Tokens::new(&store.token_key().await?, settings.token_seconds),
            limiter: Limiter::new(settings.requests_per_second, settings.burst),
            faults: InForce::default(),
            requests: Requests::default(),
            traces: Traces::default(),
            webhook: watch::Sender::new(settings.webhook.clone()),
            client,
            queued: Notify::new(),
            settled: Notify::new(),
            settings,
            store,
        })
    }
}

/// How often each route was asked.
#[derive(Debug, Default)]
pub(crate) struct Requests(Mutex<BTreeMap<String, u64>>);

/// So many traces are remembered.
const MOST_TRACES: usize = 1_000;

/// The trace contexts of what was asked lately.
#[derive(Debug, Default)]
pub(crate) struct Traces(Mutex<VecDeque<String>>);

impl Traces {
    pub(crate) fn note(&self, traceparent: &str) {
        let mut traces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if traces.len() == MOST_TRACES {
            traces.pop_front();
        }
        traces.push_back(traceparent.to_owned());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl Requests {
    pub(crate) fn count(&self, method: &str, route: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(format!("{method} {route}")).or_default() += 1;
    }

    pub(crate) fn all(&self) -> BTreeMap<String, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
