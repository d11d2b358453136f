//! What an application left in its database, looked at from outside.

use serde_json::Value;
use uuid::Uuid;

use super::TestApp;

impl TestApp {
    /// How many rows a table has.
    ///
    /// # Panics
    ///
    /// When there is no such table.
    pub async fn count(&self, table: &str) -> i64 {
        let row = self.sql.query_one(&format!("select count(*) from {table}"), &[]).await;
        row.unwrap_or_else(|error| panic!("the rows of {table} can't be counted: {error:?}")).get(0)
    }

    /// A contact's row, all columns by name.
    ///
    /// # Panics
    ///
    /// When there is no such contact.
    pub async fn contact_row(&self, id: &str) -> Value {
        let row = self.sql.query_one("select to_jsonb(c) from contacts c where id = $1", &[&uuid(id)]).await;
        row.unwrap_or_else(|error| panic!("no contact {id}: {error:?}")).get(0)
    }

    /// A contact's events, in the order they happened, all columns by name.
    ///
    /// # Panics
    ///
    /// When PostgreSQL refuses.
    pub async fn events(&self, id: &str) -> Vec<Value> {
        let sql = "select to_jsonb(e) from contact_events e where contact_id = $1 order by id";
        let rows = self.sql.query(sql, &[&uuid(id)]).await;
        rows.unwrap_or_else(|error| panic!("no events of {id}: {error:?}")).iter().map(|row| row.get(0)).collect()
    }

    /// Runs a statement as the superuser.
    ///
    /// # Panics
    ///
    /// When PostgreSQL refuses.
    pub async fn execute(&self, statement: &str) {
        let done = self.sql.batch_execute(statement).await;
        done.unwrap_or_else(|error| panic!("`{statement}` failed: {error:?}"));
    }
}

fn uuid(id: &str) -> Uuid {
    id.parse().unwrap_or_else(|_| panic!("{id} is no id"))
}
