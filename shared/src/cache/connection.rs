//! A connection to one server or to a cluster, behind the client library's own trait.

use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, Pipeline, RedisFuture, RedisResult, Value};

use crate::config::RedisSettings as Settings;

/// How long connecting may go on behind a request that no longer waits for it.
const CONNECT_AT_MOST: Duration = Duration::from_secs(2);

/// A connection that can be shared: clones use the same socket.
#[derive(Clone)]
pub(super) enum Connection {
    Server(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    /// Connects to the server of this URL.
    pub(super) async fn open(url: String, settings: Settings) -> RedisResult<Self> {
        if settings.cluster {
            let client = ClusterClient::builder([url])
                .connection_timeout(CONNECT_AT_MOST)
                .response_timeout(settings.command)
                // Enough to follow a redirection after a failover; the time-out bounds it all.
                .retries(2)
                .build()?;
            Ok(Self::Cluster(client.get_async_connection().await?))
        } else {
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(CONNECT_AT_MOST))
                .set_response_timeout(Some(settings.command));
            Ok(Self::Server(Client::open(url)?.get_multiplexed_async_connection_with_config(&config).await?))
        }
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Server(connection) => connection.req_packed_command(cmd),
            Self::Cluster(connection) => connection.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Server(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        0
    }
}
