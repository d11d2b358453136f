//! The functions' connections, as PostgreSQL sees them.

use std::time::Duration;

use super::TestApp;
use crate::wait::eventually;

const DEADLINE: Duration = Duration::from_secs(20);

impl TestApp {
    /// How many of the functions' connections to the test's database there are of which this SQL condition on
    /// `pg_stat_activity` is true.
    ///
    /// # Panics
    ///
    /// When PostgreSQL refuses.
    pub async fn backends(&self, condition: &str) -> i64 {
        let sql = format!("select count(*) from pg_stat_activity where {} and {condition}", self.theirs());
        self.sql.query_one(&sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}")).get(0)
    }

    /// Waits until a statement of the functions waits for somebody else's lock.
    ///
    /// # Panics
    ///
    /// When none does in time.
    pub async fn waits_for_a_lock(&self) {
        let look = || async { self.backends("wait_event_type = 'Lock'").await > 0 };
        eventually("a statement to wait for a lock", DEADLINE, look).await;
    }

    /// Waits until the server has ended all that the functions asked of it, also what nobody waits for any more.
    ///
    /// # Panics
    ///
    /// When it doesn't in time.
    pub async fn is_quiet(&self) {
        let look = || async { self.backends("state <> 'idle'").await == 0 };
        eventually("the statements to end", DEADLINE, look).await;
    }

    /// Ends the functions' connections at the server, and returns when they are gone.
    ///
    /// # Panics
    ///
    /// When they don't go.
    pub async fn close_connections(&self) {
        let sql = format!("select pg_terminate_backend(pid) from pg_stat_activity where {}", self.theirs());
        self.sql.execute(&sql, &[]).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        eventually("the connections to be gone", DEADLINE, || async { self.backends("true").await == 0 }).await;
    }

    fn theirs(&self) -> String {
        format!("datname = current_database() and usename = '{}'", self.database.credentials().username)
    }
}
