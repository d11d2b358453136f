//! The whole application in the test's own process, over real services: a database, a Redis prefix and secrets of its own.

mod answer;
mod api;
mod backends;
mod people;
mod routes;
mod rows;
mod secrets;
mod served;
mod setup;

use std::sync::Arc;

use crosswalk::App;
use crosswalk::auth::{ClientSecret, Scope};
use tokio_postgres::Client as Connection;

use crate::database::TestDatabase;
use crate::log;

pub use answer::Answer;
pub use api::{Api, Ask};
pub use people::{ada, charles, grace, person};
pub use secrets::Secrets;
pub use served::Served;
pub use setup::Setup;

/// The application, one instance of it.
pub struct TestApp {
    /// The instance.
    pub app: Arc<App>,
    /// Its database.
    pub database: TestDatabase,
    /// Its secrets.
    pub secrets: Secrets,
    /// The environment that a function's binary needs to be an instance of the same application.
    pub environment: Vec<(String, String)>,
    /// A connection as the superuser, to look at rows and to make tenants.
    pub sql: Connection,
}

/// A client of a tenant, and its secret.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct TestClient {
    pub id: String,
    pub tenant: String,
    pub secret: ClientSecret,
}

impl TestApp {
    /// The application with the settings that everybody has.
    pub async fn start() -> Self {
        Setup::default().start().await
    }

    /// Another instance of the same application: its own memory and connections, the same stores.
    pub fn another_instance(&self) -> Arc<App> {
        self.another_instance_with(&[])
    }

    /// Another instance, some of whose variables are different.
    pub fn another_instance_with(&self, settings: &[(&str, &str)]) -> Arc<App> {
        let settings = settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        setup::instance(&self.environment.iter().cloned().chain(settings).collect::<Vec<_>>())
    }

    /// A new tenant with a client that may do everything, and a token for it.
    pub async fn api(&self) -> Api<'_> {
        self.api_with(&Scope::ALL).await
    }

    /// A new tenant with a client that may do this, and a token for it.
    pub async fn api_with(&self, scopes: &[Scope]) -> Api<'_> {
        let client = self.client(scopes).await;
        Api::of(self, client).await
    }

    /// A new tenant with a client.
    ///
    /// # Panics
    ///
    /// When PostgreSQL refuses.
    pub async fn client(&self, scopes: &[Scope]) -> TestClient {
        let unique = uuid::Uuid::now_v7().simple().to_string();
        let tenant = format!("tn_{unique}");
        self.sql
            .execute("insert into tenants (id, name) values ($1, 'Tenant')", &[&tenant])
            .await
            .unwrap_or_else(|error| panic!("no new tenant: {error}"));
        self.client_of(&tenant, scopes).await
    }

    /// Another client of a tenant, with the default quotas.
    ///
    /// # Panics
    ///
    /// When PostgreSQL refuses.
    pub async fn client_of(&self, tenant: &str, scopes: &[Scope]) -> TestClient {
        let id = format!("cl_{}", uuid::Uuid::now_v7().simple());
        let secret = ClientSecret::generate();
        log::never(secret.reveal());
        let scopes: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
        let sql = "insert into clients (id, tenant_id, name, secret_sha256, scopes) values ($1, $2, 'Client', $3, $4)";
        self.sql
            .execute(sql, &[&id, &tenant, &secret.sha256().as_slice(), &scopes])
            .await
            .unwrap_or_else(|error| panic!("no new client: {error}"));
        TestClient { id, tenant: tenant.to_owned(), secret }
    }
}
