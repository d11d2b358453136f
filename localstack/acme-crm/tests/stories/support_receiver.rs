//! A receiver of webhooks that checks every signature, and answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use acme_crm::Webhook;
use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::support::{PATIENCE, webhook};

pub const SECRET: &str = "a secret of the test";

/// A webhook as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// Whether the signature is that of the timestamp and the body.
    pub signed: bool,
    pub timestamp: String,
    pub text: String,
    /// What was answered.
    pub status: StatusCode,
}

impl Received {
    pub fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub fn event(&self) -> String {
        self.body()["event"].as_str().unwrap_or_default().to_owned()
    }

    pub fn version(&self) -> u64 {
        self.body()["data"]["acme_version"].as_u64().unwrap_or_default()
    }
}

/// A receiver. It stops when it is dropped.
pub struct Receiver {
    url: String,
    inner: Arc<Inner>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Inner {
    received: Mutex<Vec<Received>>,
    /// What is answered next; then 200.
    answers: Mutex<VecDeque<(Duration, StatusCode)>>,
    came: Notify,
}

impl Receiver {
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hook", listener.local_addr().expect("its address"));
        let inner = Arc::new(Inner::default());
        let routes = Router::new().route("/hook", post(receive)).with_state(Arc::clone(&inner));
        let server = tokio::spawn(async {
            let _ = axum::serve(listener, routes).await;
        });
        Self { url, inner, server }
    }

    pub fn webhook(&self) -> Webhook {
        webhook(&self.url)
    }

    /// The next webhooks are answered like this.
    pub fn answers(&self, statuses: impl IntoIterator<Item = StatusCode>) {
        let answers = statuses.into_iter().map(|status| (Duration::ZERO, status));
        self.inner.answers.lock().unwrap_or_else(PoisonError::into_inner).extend(answers);
    }

    /// The next webhook is answered so late.
    pub fn answers_late(&self, delay: Duration) {
        self.inner.answers.lock().unwrap_or_else(PoisonError::into_inner).push_back((delay, StatusCode::OK));
    }

    /// What has come so far.
    pub fn so_far(&self) -> Vec<Received> {
        self.inner.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until so many have come, and gives them.
    pub async fn received(&self, count: usize) -> Vec<Received> {
        let enough = async {
            loop {
                let came = self.inner.came.notified();
                let received = self.so_far();
                if received.len() >= count {
                    return received;
                }
                came.await;
            }
        };
        timeout(PATIENCE, enough).await.unwrap_or_else(|_| panic!("{} of {count} webhooks came", self.so_far().len()))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let timestamp = header("x-acme-timestamp");
    let signed = is_signed(&timestamp, &body, &header("x-acme-signature"));
    let answer = inner.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let (delay, status) = answer.unwrap_or((Duration::ZERO, StatusCode::OK));
    let text = String::from_utf8_lossy(&body).into_owned();
    inner.received.lock().unwrap_or_else(PoisonError::into_inner).push(Received { signed, timestamp, text, status });
    inner.came.notify_waiters();
    sleep(delay).await;
    (status, json!({"signed": signed}).to_string())
}

/// As any receiver would check it: the signature, and that it is not old.
fn is_signed(timestamp: &str, body: &[u8], signature: &str) -> bool {
    let Ok(moment) = timestamp.parse::<Timestamp>() else { return false };
    let Some(hex) = signature.strip_prefix("sha256=") else { return false };
    let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2).unwrap_or("?"), 16));
    let Ok(tag) = bytes.collect::<Result<Vec<u8>, _>>() else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let age = Timestamp::now().duration_since(moment).abs();
    hmac::verify(&key, &[timestamp.as_bytes(), body].concat(), &tag).is_ok() && age < jiff::SignedDuration::from_mins(5)
}
