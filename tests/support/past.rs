//! Rows as time would have left them: nobody waits thirty days for a test.

use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::app::{TestApp, TestClient};

/// The past of an application's rows. Ages are intervals, such as `30 days`.
#[derive(Clone, Copy)]
pub struct Past<'a> {
    test: &'a TestApp,
}

impl TestApp {
    /// Its past, to be made up.
    pub fn past(&self) -> Past<'_> {
        Past { test: self }
    }
}

impl Past<'_> {
    /// Everything was published.
    pub async fn published(&self) {
        self.test.execute("update contact_events set published_at = now() where dead_at is null").await;
    }

    /// The contact was deleted so long ago.
    pub async fn deleted(&self, id: &str, ago: &str) {
        self.run("update contacts set deleted_at = now() - $2::text::interval where id = $1::text::uuid", &[&id, &ago])
            .await;
    }

    /// What has happened to the contact so far happened so long ago.
    pub async fn happened(&self, id: &str, ago: &str) {
        let sql =
            "update contact_events set occurred_at = now() - $2::text::interval where contact_id = $1::text::uuid";
        self.run(sql, &[&id, &ago]).await;
    }

    /// The contact was changed so many times more, and all that was published.
    pub async fn changed(&self, id: &str, times: i32) {
        let sql = "insert into contact_events (ce_id, tenant_id, contact_id, version, type, origin, after, \
                       changed_fields, occurred_at, published_at) \
                   select gen_random_uuid(), tenant_id, id, version + n, 'updated', '{}', '{}', '{}', now(), now() \
                   from contacts, generate_series(1, $2) as n where id = $1::text::uuid";
        self.run(sql, &[&id, &times]).await;
    }

    /// The tenant has a connection.
    pub async fn connection(&self, tenant: &str) -> String {
        let id = format!("cn_{}", Uuid::now_v7().simple());
        let sql = "insert into connections (tenant_id, id, crm, base_url, secret_name) \
                   values ($1, $2, 'acme', 'http://127.0.0.1:1', 'none')";
        self.run(sql, &[&tenant, &id]).await;
        id
    }

    /// The contact is linked to a record.
    pub async fn linked(&self, id: &str, connection: &str, remote_id: &str) {
        let sql = "insert into links (tenant_id, contact_id, connection_id, remote_id, base) \
                   select tenant_id, $1::text::uuid, id, $3, '{}' from connections where id = $2";
        self.run(sql, &[&id, &connection, &remote_id]).await;
    }

    /// So many webhooks told of the record and have come to this state.
    pub async fn told(&self, connection: &str, remote_id: &str, state: &str, times: i32) {
        let sql = "insert into webhook_events (ce_id, tenant_id, connection_id, event_id, type, remote_id, state, body, \
                       received_at, failure) \
                   select gen_random_uuid(), tenant_id, id, gen_random_uuid(), 'contact.updated', $2, $3, '{\"a\": 1}', \
                          now(), case when $3 = 'dead' then 'refused' end \
                   from connections, generate_series(1, $4) where id = $1";
        self.run(sql, &[&connection, &remote_id, &state, &times]).await;
    }

    /// So many contacts were deleted at one moment, with five published events each.
    pub async fn crowd(&self, tenant: &str, count: i32, ago: &str) {
        let sql = "with crowd as (\
                       insert into contacts (tenant_id, id, first_name, last_name, email, status, tags, custom_fields, \
                           version, created_at, updated_at, deleted_at) \
                       select $1, gen_random_uuid(), 'A', 'B', 'a@example.com', 'active', '{}', '{}', 5, now(), now(), \
                           now() - $3::text::interval \
                       from generate_series(1, $2) returning tenant_id, id\
                   ) \
                   insert into contact_events (ce_id, tenant_id, contact_id, version, type, origin, after, \
                       changed_fields, occurred_at, published_at) \
                   select gen_random_uuid(), tenant_id, id, n, 'updated', '{}', '{}', '{}', now(), now() \
                   from crowd, generate_series(1, 5) as n";
        self.run(sql, &[&tenant, &count, &ago]).await;
    }

    /// The client used so many idempotency keys.
    pub async fn keys(&self, client: &TestClient, count: i32, ago: &str) {
        let sql = "insert into idempotency_keys (tenant_id, client_id, route, key, fingerprint, status, body, created_at) \
                   select $1, $2, 'create-contact', gen_random_uuid(), sha256(''), 201, '{}', \
                       now() - $4::text::interval \
                   from generate_series(1, $3)";
        self.run(sql, &[&client.tenant, &client.id, &count, &ago]).await;
    }

    /// So many of the client's tokens were revoked, and expired then.
    pub async fn revocations(&self, client: &TestClient, count: i32, ago: &str) {
        let sql = "insert into revocations (tenant_id, jti, client_id, expires_at) \
                   select $1, gen_random_uuid(), $2, now() - $4::text::interval from generate_series(1, $3)";
        self.run(sql, &[&client.tenant, &client.id, &count, &ago]).await;
    }

    async fn run(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) {
        let done = self.test.sql.execute(sql, parameters).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        assert!(done > 0, "{sql} did nothing");
    }
}
