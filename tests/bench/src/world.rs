//! An application to measure: a database of its own with a tenant, and the environment that the functions have on AWS.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use serde_json::json;
use support::account::Account;
use support::app::{Api, Setup, TestApp, TestClient};
use support::database::TestDatabase;
use support::runtime_api::{Function, Launch};
use support::services;
use url::Url;

use crate::tape::{Recorder, Store, Tape, Trip};

/// The application, and one tenant's client and CRM account.
pub struct World {
    /// The application.
    pub test: TestApp,
    client: TestClient,
    token: String,
    /// Tokens to be revoked.
    spare: Vec<String>,
    connection: String,
    webhook_secret: String,
    redis: MultiplexedConnection,
}

/// The same application, whose stores are reached by way of a tape.
pub struct Taped {
    tape: Tape,
    environment: Vec<(String, String)>,
    /// They are there for as long as this.
    _way: (TestDatabase, Recorder, Recorder),
}

impl World {
    /// A new one. Rate limits are counted as always, and are out of reach.
    pub async fn make() -> Self {
        let test = Setup::default()
            .setting("CROSSWALK_RATE_LIMIT", "1000000/1000000")
            .setting("CROSSWALK_TOKEN_RATE_PER_CLIENT", "1000000")
            .setting("CROSSWALK_TOKEN_RATE_PER_ADDRESS", "1000000")
            .setting("CROSSWALK_WEBHOOK_RATE", "1000000/1000000")
            .setting("CROSSWALK_LOG", "info")
            .start()
            .await;
        let api = test.api().await;
        let account = Account::connect(&api).await;
        let (connection, webhook_secret) = (account.remote.connection, account.secret);
        let (client, token) = (api.client, api.token);
        let redis = redis::Client::open(services::redis_url()).expect("REDIS_URL is a URL");
        let redis = redis.get_multiplexed_async_connection().await.expect("Redis answers");
        Self { test, client, token, spare: Vec::new(), connection, webhook_secret, redis }
    }

    /// The tenant's client, asking an instance in this process.
    pub fn api(&self) -> Api<'_> {
        Api {
            test: &self.test,
            app: Arc::clone(&self.test.app),
            client: self.client.clone(),
            token: self.token.clone(),
        }
    }

    /// The tenant.
    pub fn tenant(&self) -> &str {
        &self.client.tenant
    }

    /// The client's token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The client's id and secret.
    pub fn credentials(&self) -> (&str, &str) {
        (&self.client.id, self.client.secret.reveal())
    }

    /// The tenant's connection.
    pub fn connection(&self) -> &str {
        &self.connection
    }

    /// What the connection's webhooks are signed with.
    pub fn webhook_secret(&self) -> &str {
        &self.webhook_secret
    }

    /// Has so many tokens issued that may be revoked.
    ///
    /// # Panics
    ///
    /// When one is not issued.
    pub async fn issue_spare_tokens(&mut self, count: usize) {
        while self.spare.len() < count {
            let pass = self.test.token(&self.client).await.expect(200).json();
            self.spare.push(pass["access_token"].as_str().expect("a token").to_owned());
        }
    }

    /// One of them.
    pub fn spare_token(&self, number: usize) -> &str {
        &self.spare[number]
    }

    /// Runs SQL as the superuser.
    pub async fn execute(&self, sql: &str) {
        self.test.execute(sql).await;
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
        Duration::from_secs_f64(seconds("used_cpu_user:") + seconds("used_cpu_sys:"))
    }

    /// A twin whose database has the same in it, and whose questions to its stores are recorded. Whoever is connected to
    /// this one's database is connected no more.
    ///
    /// # Panics
    ///
    /// When a store's address is not as it should be.
    pub async fn tape(&mut self) -> Taped {
        let copy = self.test.database.copy().await;
        self.test.sql = self.test.database.connect().await;
        let (tape, secrets) = (Tape::default(), &self.test.secrets);

        let credentials = copy.credentials();
        let target = format!("{}:{}", credentials.host, credentials.port);
        let to_postgresql = Recorder::before(Store::PostgreSql, target, &tape).await;
        let database = json!({
            "host": "127.0.0.1",
            "port": to_postgresql.address().port(),
            "dbname": credentials.dbname,
            "username": credentials.username,
            "password": credentials.password,
        });
        secrets.put("database-taped", &database).await;

        let mut url = Url::parse(&services::redis_url()).expect("REDIS_URL is a URL");
        let target = format!("{}:{}", url.host_str().expect("a host"), url.port().unwrap_or(6379));
        let to_redis = Recorder::before(Store::Redis, target, &tape).await;
        url.set_port(Some(to_redis.address().port())).expect("a URL with a port can have another");
        secrets.put("redis-taped", &json!({"url": url.as_str()})).await;

        let mut environment = self.test.environment.clone();
        environment.push(("CROSSWALK_DATABASE_SECRET".to_owned(), secrets.name("database-taped")));
        environment.push(("CROSSWALK_REDIS_SECRET".to_owned(), secrets.name("redis-taped")));
        Taped { tape, environment, _way: (copy, to_postgresql, to_redis) }
    }
}

impl Taped {
    /// A function of this application, to be started.
    pub fn launch(&self, function: &str) -> Launch {
        Function::launch(function).environment(self.environment.clone())
    }

    /// What each of these invocations asks of the stores, but for the first ones, which warm the instance up.
    ///
    /// # Panics
    ///
    /// When an answer is not as it should be.
    pub async fn record(
        &self,
        function: &str,
        events: Vec<Bytes>,
        warm: usize,
        expect: &dyn Fn(&[u8]) -> bool,
    ) -> Vec<Vec<Trip>> {
        let function = self.launch(function).start().await;
        let mut recorded = Vec::new();
        for event in events {
            let answer = function.invoke_bytes(event).await.unwrap_or_else(|error| panic!("no answer: {error}"));
            assert!(expect(&answer), "not the answer that was to come: {}", answer.escape_ascii());
            recorded.push(self.tape.take());
        }
        recorded.split_off(warm)
    }
}
