//! What killed runs and earlier migrations left behind.

use tokio_postgres::Client;

use super::server::{RUN_PREFIX, RUNS, TEMPLATE_PREFIX, TEMPLATES, drop_database, execute, lock};

/// Drops the databases of runs that are over and the templates that no process uses: those whose lock can be had.
///
/// Our own template is spared by its name, since a connection's own locks are never in its way. Our own run has no
/// database yet.
pub(super) async fn drop_all(client: &Client, template: &str) {
    let rows = client.query("select datname from pg_database where datname like 'crosswalk\\_test\\_%'", &[]).await;
    for row in rows.unwrap_or_else(|error| panic!("the databases can't be listed: {error:?}")) {
        let name: &str = row.get(0);
        if let Some(run) = name.strip_prefix(RUN_PREFIX).and_then(key) {
            drop_unused(client, name, RUNS, run).await;
        } else if let Some(other) = name.strip_prefix(TEMPLATE_PREFIX).filter(|_| name != template).and_then(key) {
            drop_unused(client, name, TEMPLATES, other).await;
        }
    }
}

async fn drop_unused(client: &Client, name: &str, class: i32, key: i32) {
    if !lock(client, "pg_try_advisory_lock", class, key).await {
        return;
    }
    // Another process may have dropped it since the list was made.
    let exists = client.query_opt("select from pg_database where datname = $1", &[&name]).await;
    if exists.is_ok_and(|row| row.is_some()) {
        execute(client, &format!("alter database {name} is_template false")).await;
        drop_database(client, name).await;
    }
    lock(client, "pg_advisory_unlock", class, key).await;
}

/// The eight hexadecimal digits after the prefix.
fn key(rest: &str) -> Option<i32> {
    u32::from_str_radix(rest.get(..8)?, 16).ok().map(u32::cast_signed)
}
