//! Putting an application together.

use std::sync::Arc;

use crosswalk::App;
use crosswalk::config::{Config, Env};
use uuid::Uuid;

use super::{Secrets, TestApp};
use crate::database::TestDatabase;
use crate::{log, services};

/// What a test wants to be different.
#[derive(Debug, Default)]
pub struct Setup {
    settings: Vec<(String, String)>,
    database_address: Option<(String, u16)>,
    redis_url: Option<String>,
}

impl Setup {
    /// Sets a variable of the functions' environment.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Reaches PostgreSQL by this address, such as a proxy's.
    #[must_use]
    pub fn database_at(mut self, host: &str, port: u16) -> Self {
        self.database_address = Some((host.to_owned(), port));
        self
    }

    /// Reaches Redis by this URL, such as a proxy's.
    #[must_use]
    pub fn redis_at(mut self, url: &str) -> Self {
        self.redis_url = Some(url.to_owned());
        self
    }

    /// Makes the database, the secrets and an instance.
    pub async fn start(self) -> TestApp {
        log::begin();
        let database = TestDatabase::create().await;
        let mut credentials = database.credentials();
        if let Some((host, port)) = self.database_address {
            (credentials.host, credentials.port) = (host, port);
        }
        let redis_url = self.redis_url.unwrap_or_else(services::redis_url);
        let secrets = Secrets::store(&credentials, &redis_url).await;

        let mut environment = services::aws_environment();
        environment.extend(secrets.names());
        let mut set = |name: &str, value: &str| environment.push((name.to_owned(), value.to_owned()));
        set("CROSSWALK_DATABASE_TLS", "off");
        set("CROSSWALK_CRM_PRIVATE", "true");
        set("CROSSWALK_LOG", log::FILTER);
        set("CROSSWALK_REDIS_PREFIX", &format!("test-{}:", Uuid::now_v7().simple()));
        // The machine that runs the tests is busy; what a test says of time-outs it sets itself.
        set("CROSSWALK_DATABASE_CONNECT_MS", "7000");
        set("CROSSWALK_REDIS_CONNECT_MS", "2000");
        set("CROSSWALK_REDIS_COMMAND_MS", "2000");
        environment.extend(self.settings);

        let sql = database.connect().await;
        TestApp { app: instance(&environment), database, secrets, environment, sql }
    }
}

/// An instance in the test's own process. A test may send it many requests at once, which Lambda does not, so its pool is
/// larger than the default that the real binaries have.
pub(super) fn instance(environment: &[(String, String)]) -> Arc<App> {
    let pool = ("CROSSWALK_DATABASE_POOL".to_owned(), "10".to_owned());
    let env: Env = std::iter::once(pool).chain(environment.iter().cloned()).collect();
    let config = Config::read(&env).unwrap_or_else(|error| panic!("the test's settings: {error}"));
    Arc::new(App::new(config))
}
