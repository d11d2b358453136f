//! A CRM's records, as a client of the API sends and reads them.

use serde_json::{Value, json};

use crate::app::{Answer, Api};

/// A connection of a tenant, and a client that uses it.
pub struct Remote<'a> {
    /// Who asks.
    pub api: &'a Api<'a>,
    /// The connection's id.
    pub connection: String,
}

impl<'a> Remote<'a> {
    /// Makes the connection.
    pub async fn connect(api: &'a Api<'a>, connection: &str) -> Self {
        let tenant = &api.client.tenant;
        let sql = format!(
            "insert into connections (tenant_id, id, crm, base_url, secret_name)
             values ('{tenant}', '{connection}', 'acme', 'http://localhost', 'none')"
        );
        api.test.execute(&sql).await;
        Self { api, connection: connection.to_owned() }
    }

    /// Sets whose change is kept where both sides have one.
    pub async fn policy(&self, policy: &str) {
        let (tenant, id) = (&self.api.client.tenant, &self.connection);
        let sql =
            format!("update connections set conflict_policy = '{policy}' where (tenant_id, id) = ('{tenant}', '{id}')");
        self.api.test.execute(&sql).await;
    }

    /// Puts a record; the id is as it stands in the path.
    pub async fn put(&self, id: &str, record: &Value) -> Answer {
        self.api.ask("PUT", &self.path(id)).json(record).send().await
    }

    /// Reads a record.
    pub async fn get(&self, id: &str) -> Answer {
        self.api.ask("GET", &self.path(id)).send().await
    }

    fn path(&self, id: &str) -> String {
        format!("/connections/{}/contacts/{id}", self.connection)
    }
}

/// A record of `AcmeCRM` with this id.
pub fn record(id: &str) -> Value {
    json!({
        "id": id,
        "acme_first_name": "Ada",
        "acme_last_name": "Lovelace",
        "acme_email": "ada@example.com",
        "acme_status": "Active",
        "acme_created_at": "2026-01-01T00:00:00Z",
        "acme_updated_at": "2026-01-01T00:00:00Z",
        "acme_version": 1,
    })
}
