//! What a run reads: as much as there is to erase, however much else there is.

use std::collections::BTreeMap;

use support::app::{TestApp, ada};

use crate::purge::{nothing, purge, with};

/// Rows of other people, in each table.
const MANY: i32 = 20_000;
/// A thousand rows, and the index above them.
const FEW_BLOCKS: i64 = 100;
const TABLES: [&str; 6] = ["contacts", "contact_events", "links", "webhook_events", "idempotency_keys", "revocations"];

/// What the functions have read of a table: how often all of it, and how many blocks of it and its indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reads {
    whole: i64,
    blocks: i64,
}

#[tokio::test]
async fn with_nothing_to_do_a_run_reads_little_of_large_tables() {
    let test = crowded().await;
    let before = reads(&test).await;
    assert_eq!(purge(&test).await, nothing());
    let after = reads(&test).await;
    for table in TABLES {
        assert_eq!(after[table].whole, before[table].whole, "{table} was read whole");
        let blocks = after[table].blocks - before[table].blocks;
        assert!(blocks < FEW_BLOCKS, "{blocks} blocks of {table} were read");
    }
}

#[tokio::test]
async fn what_is_erased_is_found_by_indexes() {
    erases_by_indexes(crowded().await).await;
}

#[tokio::test]
async fn plans_made_without_a_look_at_the_parameters_use_indexes_too() {
    let test = crowded().await;
    let (role, database) = (test.database.credentials().username, test.database.name());
    test.execute(&format!("alter role {role} in database {database} set plan_cache_mode = force_generic_plan")).await;
    erases_by_indexes(test).await;
}

async fn erases_by_indexes(test: TestApp) {
    let (api, past) = (test.api().await, test.past());
    let id = api.create(&ada()).await.expect(201).id();
    past.published().await;
    let connection = past.connection(&api.client.tenant).await;
    past.linked(&id, &connection, "r1").await;
    past.told(&connection, "r1", "processed", 100).await;
    past.changed(&id, 100).await;
    past.deleted(&id, "1 year").await;
    past.crowd(&api.client.tenant, 200, "1 year").await;
    test.execute("update contact_events set occurred_at = now() - interval '2 years' where id <= 100").await;
    test.execute("update webhook_events set received_at = now() - interval '2 years' where id <= 100").await;
    past.keys(&api.client, 100, "2 days").await;
    past.revocations(&api.client, 100, "2 days").await;
    let before = reads(&test).await;
    let expected = with(&[
        ("contacts", 201),
        ("events", 101 + 1_000 + 100),
        ("webhookBodies", 100),
        ("webhookEvents", 100),
        ("idempotencyKeys", 100),
        ("revocations", 100),
    ]);
    assert_eq!(purge(&test).await, expected);
    let after = reads(&test).await;
    for table in TABLES {
        let blocks = after[table].blocks - before[table].blocks;
        assert!(blocks > 0, "nothing of {table} was read, so nothing was counted");
        // An index of which all is read touches each row.
        assert!(blocks < i64::from(MANY), "{blocks} blocks of {table} were read");
        assert_eq!(after[table].whole, before[table].whole, "{table} was read whole");
    }
}

/// An application with many rows in each table, none of which is past its time.
async fn crowded() -> TestApp {
    let test = TestApp::start().await;
    let (api, past) = (test.api().await, test.past());
    let connection = past.connection(&api.client.tenant).await;
    past.crowd(&api.client.tenant, MANY, "1 day").await;
    test.execute("update contacts set deleted_at = null where id < '80000000-0000-0000-0000-000000000000'").await;
    test.execute(&format!(
        "insert into links (tenant_id, contact_id, connection_id, remote_id) \
         select tenant_id, id, '{connection}', id::text from contacts; \
         insert into webhook_events (ce_id, tenant_id, connection_id, event_id, type, remote_id, state, body, received_at) \
         select gen_random_uuid(), tenant_id, '{connection}', id::text, 'contact.updated', id::text, 'processed', '{{}}', \
             now() from contacts"
    ))
    .await;
    past.keys(&api.client, MANY, "1 hour").await;
    past.revocations(&api.client, MANY, "-10 minutes").await;
    test.execute("vacuum (analyze)").await;
    test
}

/// What was read so far. A connection tells it at its end at the latest, so those of the functions are closed.
async fn reads(test: &TestApp) -> BTreeMap<String, Reads> {
    test.close_connections().await;
    test.sql.query_one("select pg_stat_force_next_flush()", &[]).await.unwrap();
    let sql = "select relname::text, seq_scan, heap_blks_read + heap_blks_hit + idx_blks_read + idx_blks_hit \
               from pg_stat_user_tables join pg_statio_user_tables using (relid, relname)";
    let rows = test.sql.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), Reads { whole: row.get(1), blocks: row.get(2) })).collect()
}
