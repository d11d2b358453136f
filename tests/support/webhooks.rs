//! Webhooks of a connection as they stand once they were accepted, for tests of what comes after.

use serde_json::Value;
use tokio_postgres::GenericClient;

use crate::remote::Remote;

/// The body that a webhook has unless a test gives it another.
pub const BODY: &str = r#"{"event": "contact.updated"}"#;

impl Remote<'_> {
    /// A webhook of the type `contact.updated` was accepted. Answers its id and its name.
    pub async fn receive(&self, event_id: &str, remote_id: Option<&str>) -> (i64, String) {
        self.receive_by(&self.api.test.sql, event_id, remote_id, BODY.as_bytes()).await
    }

    /// One with this body was.
    pub async fn receive_body(&self, event_id: &str, body: &[u8]) -> (i64, String) {
        self.receive_by(&self.api.test.sql, event_id, Some("remote"), body).await
    }

    /// One is being accepted, in a transaction of the test's.
    ///
    /// # Panics
    ///
    /// When PostgreSQL refuses.
    pub async fn receive_by(
        &self,
        sql: &impl GenericClient,
        event_id: &str,
        remote_id: Option<&str>,
        body: &[u8],
    ) -> (i64, String) {
        // The transaction has its id before the row has its own, which the floor relies on.
        let insert = "with xid as materialized (select pg_current_xact_id()) \
                      insert into webhook_events (ce_id, tenant_id, connection_id, event_id, type, remote_id, state, body, \
                                                  received_at) \
                      select gen_random_uuid(), $1, $2, $3, 'contact.updated', $4, 'received', $5, clock_timestamp() \
                      from xid \
                      returning id, ce_id::text";
        let row = sql
            .query_one(insert, &[&self.api.client.tenant, &self.connection, &event_id, &remote_id, &body])
            .await
            .unwrap_or_else(|error| panic!("{event_id} was not accepted: {error:?}"));
        (row.get(0), row.get(1))
    }

    /// A webhook's row, all columns by name.
    ///
    /// # Panics
    ///
    /// When there is no such webhook.
    pub async fn webhook_row(&self, event_id: &str) -> Value {
        let sql = "select to_jsonb(w) from webhook_events w where connection_id = $1 and event_id = $2";
        let row = self.api.test.sql.query_one(sql, &[&self.connection, &event_id]).await;
        row.unwrap_or_else(|error| panic!("no webhook {event_id}: {error:?}")).get(0)
    }
}
