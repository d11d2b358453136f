//! The connections of an instance.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deadpool_postgres::{Client, Object, Pool, PoolError};

use super::connect::{self, Login};
use super::failure::is_login_refused;
use super::session::Sessions;
use crate::config::{Database as Settings, Secrets};
use crate::error::{Error, Result};

/// A pooled connection.
pub type Connection = Client;

/// An instance that did nothing for so long may have been frozen, and its connections cut meanwhile.
const IDLE: Duration = Duration::from_secs(10);

/// How long the server may take to show that an idle connection still stands.
const PROBE: Duration = Duration::from_millis(500);

/// PostgreSQL. Nothing is read and nothing connects before the first use.
#[derive(Debug)]
pub struct Database {
    settings: Settings,
    /// The name of the secret whose role we work as.
    secret: String,
    secrets: Arc<Secrets>,
    pool: Mutex<Option<Pool>>,
    last_used: AtomicU64,
    sessions: Sessions,
}

impl Database {
    /// The database, as the role that the functions work as.
    pub fn new(settings: &Settings, secrets: Arc<Secrets>) -> Self {
        Self::with_secret(settings, &settings.secret, secrets)
    }

    /// The database, as a role whose secret is still to be proved good.
    pub async fn try_login(settings: &Settings, login: Login) -> Result<Connection> {
        connect::pool(settings, login, Sessions::default())?.get().await.map_err(no_connection)
    }

    /// The database, as the owner of the schema.
    pub fn as_owner(settings: &Settings, secrets: Arc<Secrets>) -> Self {
        Self::with_secret(settings, &settings.admin_secret, secrets)
    }

    fn with_secret(settings: &Settings, secret: &str, secrets: Arc<Secrets>) -> Self {
        Self {
            settings: settings.clone(),
            secret: secret.to_owned(),
            secrets,
            pool: Mutex::new(None),
            last_used: AtomicU64::new(0),
            sessions: Sessions::default(),
        }
    }

    /// A connection that stands.
    pub async fn get(&self) -> Result<Connection> {
        let idle = self.idle();
        let pool = self.pool().await?;
        loop {
            let connection = match pool.get().await.map_err(no_connection) {
                Err(error) if is_login_refused(&error) => return self.get_with_new_password().await,
                got => got?,
            };
            // The clock of a frozen process may have stood still, so the wall clock is asked as well.
            let metrics = Object::metrics(&connection);
            if metrics.recycle_count == 0 || idle.max(metrics.last_used()) < IDLE || stands(&connection).await {
                return Ok(connection);
            }
            drop(Object::take(connection));
        }
    }

    /// Opens a connection ahead of the first request. A failure will be seen by whoever needs one.
    pub async fn warm(&self) {
        drop(self.get().await);
    }

    /// Lets go of all connections. A server that stopped answering leaves them waiting for what nobody wants any more, and
    /// the next request would wait behind that.
    pub fn forget(&self) {
        *self.lock() = None;
    }

    /// Ends all sessions with Terminate messages, and waits until these are sent.
    pub async fn close(&self) {
        self.forget();
        self.sessions.closed().await;
    }

    async fn pool(&self) -> Result<Pool> {
        if let Some(pool) = self.lock().as_ref() {
            return Ok(pool.clone());
        }
        let opened = connect::pool(&self.settings, self.secrets.get(&self.secret).await?, self.sessions.clone())?;
        // Another request may have been faster; then its pool is the one.
        Ok(self.lock().get_or_insert(opened).clone())
    }

    /// The password was changed after the secret was read, or it is being changed: then the server has the new one a
    /// moment before the secret says that it is in use.
    async fn get_with_new_password(&self) -> Result<Connection> {
        match self.get_as(self.secrets.after_refusal(&self.secret).await?).await {
            Err(refused) if is_login_refused(&refused) => match self.secrets.pending(&self.secret).await {
                Ok(Some(pending)) => self.get_as(pending).await,
                _ => Err(refused),
            },
            got => got,
        }
    }

    /// A connection of a new pool, which is the pool from now on if it has one to give.
    async fn get_as(&self, login: Login) -> Result<Connection> {
        let opened = connect::pool(&self.settings, login, self.sessions.clone())?;
        let connection = opened.get().await.map_err(no_connection)?;
        *self.lock() = Some(opened);
        Ok(connection)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Pool>> {
        self.pool.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// How long nobody has asked for a connection.
    fn idle(&self) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let before = self.last_used.swap(now_ms, Ordering::Relaxed);
        if before == 0 { Duration::ZERO } else { Duration::from_millis(now_ms.saturating_sub(before)) }
    }
}

async fn stands(connection: &Connection) -> bool {
    matches!(tokio::time::timeout(PROBE, super::answers(connection)).await, Ok(true))
}

fn no_connection(error: PoolError) -> Error {
    match error {
        PoolError::Backend(error) => super::failed(error),
        error => Error::unavailable("PostgreSQL", error),
    }
}
