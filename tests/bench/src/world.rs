//! An application to measure: a database of its own with a tenant, and the environment that the functions have on AWS.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use support::app::{Api, Setup, TestApp, TestClient};
use support::database::TestDatabase;
use support::runtime_api::{Function, Launch};
use support::services;

/// The application, and one tenant's client.
pub struct World {
    /// The application.
    pub test: TestApp,
    client: TestClient,
    token: String,
    redis: MultiplexedConnection,
}

impl World {
    /// A new one. Rate limits are counted as always, and are out of reach.
    pub async fn make() -> Self {
        let test = Setup::default()
            .setting("CROSSWALK_RATE_LIMIT", "1000000/1000000")
            .setting("CROSSWALK_TOKEN_RATE_PER_CLIENT", "1000000")
            .setting("CROSSWALK_TOKEN_RATE_PER_ADDRESS", "1000000")
            .setting("CROSSWALK_WEBHOOK_RATE", "1000000/1000000")
            .setting("CROSSWALK_DATABASE_POOL", "2")
            .setting("CROSSWALK_LOG", "info")
            .start()
            .await;
        let api = test.api().await;
        let (client, token) = (api.client, api.token);
        let redis = redis::Client::open(services::redis_url()).expect("REDIS_URL is a URL");
        let redis = redis.get_multiplexed_async_connection().await.expect("Redis answers");
        Self { test, client, token, redis }
    }

    /// The tenant's client, asking an instance in this process.
    pub fn api(&self) -> Api<'_> {
        Api {
            test: &self.test,
            app: std::sync::Arc::clone(&self.test.app),
            client: self.client.clone(),
            token: self.token.clone(),
        }
    }

    /// A function of this application, to be started.
    pub fn launch(&self, function: &str) -> Launch {
        Function::launch(function).environment(self.test.environment.clone())
    }

    /// The CPU time that Redis has used so far.
    ///
    /// # Panics
    ///
    /// When Redis doesn't tell.
    pub async fn redis_cpu(&self) -> Duration {
        let told: String =
            redis::cmd("INFO").arg("cpu").query_async(&mut self.redis.clone()).await.expect("Redis tells");
        let seconds = |name: &str| {
            let line = told.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.trim_start_matches(':').trim().parse::<f64>().expect("a number of seconds")
        };
        Duration::from_secs_f64(seconds("used_cpu_user") + seconds("used_cpu_sys"))
    }

    /// Another database with the same in it. Whoever is connected to this one is connected no more.
    pub async fn copy(&mut self) -> TestDatabase {
        self.test.close_connections().await;
        let copy = self.test.database.copy().await;
        self.test.sql = self.test.database.connect().await;
        copy
    }
}
