//! A backlog that comes at once, in a table that PostgreSQL thinks is empty: what each event costs does not grow with it.

use std::time::Duration;

use support::app::{TestApp, ada};
use support::kafka::Topic;
use support::relay::Relays;
use support::wait::eventually;

const BACKLOG: i64 = 20_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_read_a_few_times_however_many_wait() {
    let test = TestApp::start().await;
    let api = test.api().await;
    // The server's statistics stay as they are now.
    test.execute("alter table contact_events set (autovacuum_enabled = off); analyze contact_events").await;
    api.create(&ada()).await.expect(201);
    let topic = Topic::create().await;
    let _relay = Relays::of(&test, &topic).work().await;
    test.outbox().settled().await;

    let [before, marked] = read(&test).await;
    let contact = "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid";
    test.execute(&format!(
        "insert into contacts (tenant_id, id, first_name, last_name, email, status, tags, custom_fields, version, created_at, \
                               updated_at) \
         select '{tenant}', {contact}, 'Ada', 'Lovelace', 'ada@example.com', 'active', '{{}}', '{{}}', 1, now(), now() \
         from generate_series(1, {BACKLOG}) n; \
         with xid as materialized (select pg_current_xact_id()) \
         insert into contact_events (ce_id, tenant_id, contact_id, version, type, origin, after, changed_fields, occurred_at) \
         select gen_random_uuid(), '{tenant}', {contact}, 1, 'created', '{{}}', '{{}}', '{{}}', now() \
         from xid, generate_series(1, {BACKLOG}) n",
        tenant = api.client.tenant
    ))
    .await;
    // A look at what waits would be counted too; and a server's process tells once a second what it did.
    let all_told = || async {
        let [read, updated] = read(&test).await;
        if updated - marked >= BACKLOG { Ok(read - before) } else { Err(updated) }
    };
    let read = eventually("all marks to be counted", Duration::from_secs(30), all_told).await;
    assert!(read < 8 * BACKLOG, "{read} rows were read to publish {BACKLOG}");
}

/// Rows of the table that were read so far, and rows that were changed.
async fn read(test: &TestApp) -> [i64; 2] {
    let sql =
        "select seq_tup_read + idx_tup_fetch, n_tup_upd from pg_stat_user_tables where relname = 'contact_events'";
    let row = test.sql.query_one(sql, &[]).await.unwrap();
    [row.get(0), row.get(1)]
}
