//! Sessions that end with PostgreSQL's Terminate message, so that the server and RDS Proxy free them at once.
//!
//! Deadpool aborts a connection's task when it drops the client, which closes the socket without the message. So the task
//! that deadpool gets is a stand-in, and the connection has a task of its own that outlives the client for a moment.

use std::convert::Infallible;
use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use deadpool_postgres::Connect;
use futures::future::BoxFuture;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::error::{Error as PgError, SqlState};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, Config as PgConfig, Socket};

/// How long a session whose client was dropped may still read answers and send Terminate. A server that hangs must not
/// keep the socket open for longer.
const TERMINATE: Duration = Duration::from_millis(400);

/// The open sessions of a [`super::Database`].
#[derive(Debug, Clone, Default)]
pub struct Sessions(watch::Sender<usize>);

struct Session(Sessions);

impl Sessions {
    fn open(&self) -> Session {
        self.0.send_modify(|count| *count += 1);
        Session(self.clone())
    }

    /// Waits until no session is open.
    pub async fn closed(&self) {
        // An error would mean that the sender is gone, and `self` is the sender.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}

/// Opens connections that end with Terminate.
pub struct TerminatingConnect<T> {
    pub tls: T,
    pub sessions: Sessions,
}

impl<T> Connect for TerminatingConnect<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send + Sync,
    T::TlsConnect: Send + Sync,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    fn connect(&self, config: &PgConfig) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), PgError>> {
        let config = config.clone();
        Box::pin(async move {
            let (client, connection) = config.connect(self.tls.clone()).await?;
            let session = self.sessions.open();
            let (in_use, dropped) = oneshot::channel::<Infallible>();
            tokio::spawn(async move {
                let _session = session;
                let mut connection = pin!(connection);
                let ended = tokio::select! {
                    ended = &mut connection => ended,
                    _ = dropped => timeout(TERMINATE, connection).await.unwrap_or(Ok(())),
                };
                ended.unwrap_or_else(|error| log(&error));
            });
            let stand_in = tokio::spawn(async move {
                let _in_use = in_use;
                pending::<()>().await;
            });
            Ok((client, stand_in))
        })
    }
}

fn log(error: &PgError) {
    let cause = super::failure::chain(error);
    // The server ends idle sessions by the role's setting; the next use opens a new one.
    if error.code() == Some(&SqlState::IDLE_SESSION_TIMEOUT) {
        tracing::info!(cause, "PostgreSQL ended an idle session");
    } else {
        tracing::warn!(cause, "a PostgreSQL session failed");
    }
}
