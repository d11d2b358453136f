//! Two tenants with a client each, and the first one's connection to `AcmeCRM`.

use anyhow::{Context, Result};
use crosswalk::auth::{ClientSecret, Scope};
use tokio_postgres::{Client as Connection, NoTls};

use crate::services::Services;

/// The connection's id.
pub(crate) const CONNECTION: &str = "cn_acmelocal";

/// A client and its secret.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) id: &'static str,
    pub(crate) secret: ClientSecret,
}

/// The clients: one of each tenant.
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) first: Client,
    pub(crate) other: Client,
}

impl Clients {
    /// The clients, with the secrets that were given out before; `known` finds one by the name of its variable.
    pub(crate) fn with_secrets(known: impl Fn(&str) -> Option<String>) -> Self {
        let secret = |name| known(name).map_or_else(ClientSecret::generate, ClientSecret::presented);
        Self {
            first: Client { id: "cl_harbour", secret: secret("CROSSWALK_CLIENT_SECRET") },
            other: Client { id: "cl_meadow", secret: secret("CROSSWALK_OTHER_CLIENT_SECRET") },
        }
    }
}

/// Inserts whatever is not there.
pub(crate) async fn insert(services: &Services, clients: &Clients, crm_url: &str) -> Result<()> {
    let (connection, driver) = tokio_postgres::connect(&services.database_url, NoTls).await.context("connect")?;
    tokio::spawn(driver);
    insert_tenant(&connection, "tn_harbour", "Harbour", &clients.first).await?;
    insert_tenant(&connection, "tn_meadow", "Meadow", &clients.other).await?;
    insert_connection(&connection, crm_url).await
}

/// A tenant and its client, whose quotas are high enough for load by hand.
async fn insert_tenant(connection: &Connection, tenant: &str, name: &str, client: &Client) -> Result<()> {
    let tenants = "insert into tenants (id, name) values ($1, $2) on conflict do nothing";
    connection.execute(tenants, &[&tenant, &name]).await?;
    let clients = "insert into clients (id, tenant_id, name, secret_sha256, scopes, requests_per_second, \
                   request_burst, tokens_per_minute) values ($1, $2, $3, $4, $5, 100000, 200000, 60000) \
                   on conflict (id) do update set secret_sha256 = excluded.secret_sha256, scopes = excluded.scopes";
    let scopes: Vec<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    let hash = client.secret.sha256();
    connection.execute(clients, &[&client.id, &tenant, &name, &hash.as_slice(), &scopes]).await?;
    Ok(())
}

/// The connection, whose CRM may answer at another port than the last time.
async fn insert_connection(connection: &Connection, crm_url: &str) -> Result<()> {
    let sql = "insert into connections (tenant_id, id, crm, base_url, secret_name) \
               values ('tn_harbour', $1::text, 'acme', $2, 'crosswalk/local/connections/' || $1) \
               on conflict (id) do update set base_url = excluded.base_url";
    connection.execute(sql, &[&CONNECTION, &crm_url]).await?;
    Ok(())
}
