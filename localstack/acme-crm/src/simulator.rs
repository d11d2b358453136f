//! Starting and stopping a CRM.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::crm::Crm;
use crate::settings::{Settings, Webhook};
use crate::{Faults, http, webhooks};

/// How long requests that are under way may take when the CRM stops.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// A CRM.
#[derive(Debug)]
pub struct Simulator;

/// Why a CRM does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its Redis is away, or is none.
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// There is no HTTP client to be had for webhooks.
    #[error("an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// The listener has no address.
    #[error("the listener: {0}")]
    Listener(#[from] std::io::Error),
}

/// A CRM that runs. It ends when this is dropped, at once, as if it were killed; [`Running::stop`] lets it finish.
pub struct Running {
    address: SocketAddr,
    crm: Arc<Crm>,
    shutdown: Option<oneshot::Sender<()>>,
    server: JoinHandle<()>,
    dispatcher: JoinHandle<()>,
}

impl Simulator {
    /// Starts a CRM that listens here. What its prefix has in Redis is its data: records, and webhooks still to be sent.
    pub async fn start(settings: Settings, listener: TcpListener) -> Result<Running, StartError> {
        let address = listener.local_addr()?;
        let crm = Arc::new(Crm::open(settings).await?);
        let (shutdown, asked) = oneshot::channel::<()>();
        let listener = listener.tap_io(|connection| {
            // Without it an answer could wait 40 ms for the other side's acknowledgement.
            let _ = connection.set_nodelay(true);
        });
        let serving = axum::serve(listener, http::router(Arc::clone(&crm))).with_graceful_shutdown(async {
            let _ = asked.await;
        });
        let server = tokio::spawn(async {
            // It never returns an error: it goes on after a failed accept.
            let _ = serving.await;
        });
        let dispatcher = tokio::spawn(webhooks::dispatch(Arc::clone(&crm)));
        Ok(Running { address, crm, shutdown: Some(shutdown), server, dispatcher })
    }
}

impl Running {
    /// Where it answers, such as `http://127.0.0.1:19001`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on changes are told here.
    pub fn set_webhook(&self, webhook: Webhook) {
        self.crm.webhook.send_replace(Some(webhook));
    }

    /// From now on these faults are in force, and no others.
    pub fn set_faults(&self, faults: Faults) {
        self.crm.faults.set(faults);
    }

    /// The `traceparent` of each request that had one, the latest last.
    pub fn traces(&self) -> Vec<String> {
        self.crm.traces.all()
    }

    /// Answers what is under way, and ends. Webhooks that were not taken yet are sent after the next start.
    pub async fn stop(mut self) {
        self.dispatcher.abort();
        drop(self.shutdown.take());
        let _ = timeout(LAST_ANSWERS, &mut self.server).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.dispatcher.abort();
        self.server.abort();
    }
}
