//! Asking Redis: one pipeline, one round trip, a short time-out, and a breaker for when it is away.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use redis::{ErrorKind, FromRedisValue, Pipeline, RedisError, ServerErrorKind, Value};
use serde::Deserialize;

use super::Keys;
use super::connection::Connection;
use super::script::Call;
use crate::breaker::Breaker;
use crate::config::{RedisSettings as Settings, Secrets};
use crate::telemetry::{Store, trip_if_waiting};

/// Redis did not answer, answered with an error, or is not asked while the breaker is open. The caller goes on without
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Redis is away")]
pub struct Away;

/// The secret of the server.
#[derive(Clone, Deserialize)]
struct Address {
    url: String,
}

type Opening = Shared<BoxFuture<'static, Result<Connection, Arc<str>>>>;

/// Redis. Nothing is read and nothing connects before the first use.
pub struct Redis {
    settings: Settings,
    secrets: Arc<Secrets>,
    breaker: Breaker,
    /// The connection, being opened or open: whoever comes meanwhile waits for the same one.
    connection: Mutex<Option<Opening>>,
}

impl Redis {
    /// The server for these settings.
    pub fn new(settings: &Settings, secrets: Arc<Secrets>) -> Self {
        let breaker = Breaker::new(settings.breaker);
        Self { settings: settings.clone(), secrets, breaker, connection: Mutex::new(None) }
    }

    /// The names of keys.
    pub fn keys(&self) -> Keys<'_> {
        Keys::new(&self.settings.prefix)
    }

    /// Sends one pipeline and reads its answer. Scripts are called by their hash; a fresh server does not know
    /// them yet, and then the same pipeline is sent once more with their text.
    ///
    /// An error that Redis answers fails this call alone: a tenant's data must not be able to open the breaker for
    /// others.
    pub async fn ask<T: FromRedisValue>(&self, build: impl Fn(Call) -> Pipeline) -> Result<T, Away> {
        let pipeline = build(Call::ByHash);
        if pipeline.is_empty() {
            // A cluster client answers an empty pipeline with an error.
            return T::from_redis_value(Value::Array(Vec::new())).map_err(|_| Away);
        }
        if self.breaker.is_open() {
            return Err(Away);
        }
        let outcome = match self.query(&pipeline).await {
            Err(Failure::Answer(error)) if is_no_script(&error) => self.query(&build(Call::WithText)).await,
            // The server closed the connection, most likely while the instance was frozen: that says nothing about
            // the server, so it gets one more chance.
            Err(Failure::Answer(error)) if error.is_connection_dropped() => {
                self.forget();
                self.query(&build(Call::ByHash)).await
            }
            outcome => outcome,
        };
        match outcome {
            Ok(answer) => {
                self.breaker.close();
                Ok(answer)
            }
            Err(Failure::Answer(error)) if !is_unavailable(&error) => {
                self.breaker.close();
                tracing::warn!(code = error.code(), %error, "Redis answered a call with an error");
                Err(Away)
            }
            Err(failure) => {
                self.fail(&failure);
                Err(Away)
            }
        }
    }

    /// Connects ahead of the first request. A failure will be seen by whoever asks.
    pub async fn warm(&self) {
        drop(self.connection().await);
    }

    /// Drops the connection. A later use opens another.
    pub fn close(&self) {
        self.forget();
    }

    async fn query<T: FromRedisValue>(&self, pipeline: &Pipeline) -> Result<T, Failure> {
        let mut connection = self.connection().await?;
        let asking = trip_if_waiting(Store::Redis, pipeline.query_async(&mut connection));
        let answer = tokio::time::timeout(self.settings.command, asking).await;
        answer.map_err(|_| Failure::TimedOut)?.map_err(Failure::Answer)
    }

    async fn connection(&self) -> Result<Connection, Failure> {
        let standing = self.lock().clone();
        let opening = match standing {
            Some(opening) => opening,
            None => self.open().await?,
        };
        // With TLS opening takes longer than a request may wait. It goes on, and a later request finds it done.
        let opened = tokio::time::timeout(self.settings.connect, opening).await;
        opened
            .map_err(|_| Failure::Connecting("it takes longer than a request can wait".into()))?
            .map_err(Failure::Connecting)
    }

    async fn open(&self) -> Result<Opening, Failure> {
        let address: Address =
            self.secrets.get(&self.settings.secret).await.map_err(|error| Failure::Connecting(error.chain().into()))?;
        let mut connection = self.lock();
        if let Some(opening) = connection.as_ref() {
            return Ok(opening.clone());
        }
        let opening = Connection::open(address.url, self.settings.clone())
            .map(|opened| opened.map_err(|error| Arc::from(error.to_string())))
            .boxed()
            .shared();
        tokio::spawn(opening.clone());
        Ok(connection.insert(opening).clone())
    }

    fn fail(&self, failure: &Failure) {
        // What is still being opened may well succeed; anything else is opened anew after the pause.
        let still_opening = self.lock().as_ref().is_some_and(|opening| opening.peek().is_none());
        if !still_opening {
            self.forget();
        }
        self.breaker.trip();
        tracing::warn!(%failure, pause_ms = self.pause_ms(), "Redis is away; going on without it");
    }

    fn pause_ms(&self) -> u64 {
        u64::try_from(self.settings.breaker.max(Duration::ZERO).as_millis()).unwrap_or(u64::MAX)
    }

    fn forget(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Opening>> {
        self.connection.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("no connection: {0}")]
    Connecting(Arc<str>),
    #[error("no answer in time")]
    TimedOut,
    #[error("{0}")]
    Answer(RedisError),
}

/// Whether the error says that the connection or the server is unavailable, and not that this call was wrong. The
/// server's codes are those that every command gets: no caller can cause them.
fn is_unavailable(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Io | ErrorKind::Parse | ErrorKind::AuthenticationFailed | ErrorKind::ClusterConnectionNotFound => {
            true
        }
        ErrorKind::Server(kind) => matches!(
            kind,
            ServerErrorKind::BusyLoading
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::MasterDown
                | ServerErrorKind::ReadOnly
        ),
        _ => matches!(error.code(), Some("NOAUTH" | "WRONGPASS")),
    }
}

fn is_no_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}
