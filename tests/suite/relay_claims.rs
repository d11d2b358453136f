//! Which rows the relay claims: each tenant's in their order, each tenant in turn, replayed webhooks last.

use crosswalk::db::outbox::{Bounds, CONTACT_EVENTS, WEBHOOK_EVENTS, Waiting, claim, claim_replays};
use serde_json::Value;
use support::app::{Api, TestApp};
use support::remote::Remote;
use tokio_postgres::types::ToSql;

const BYTES: u32 = 8_388_608;

#[tokio::test]
async fn claim_gives_each_tenant_its_turn_behind_anothers_backlog() {
    let test = TestApp::start().await;
    let (large, small, other) = (test.api().await, test.api().await, test.api().await);
    webhooks(&large, 300, "null").await;
    webhooks(&small, 3, "null").await;
    webhooks(&other, 30, "null").await;
    contact_events(&large, 300).await;
    contact_events(&small, 3).await;
    contact_events(&other, 30).await;
    for source in [&WEBHOOK_EVENTS, &CONTACT_EVENTS] {
        let connection = test.app.database.get().await.unwrap();
        let rows = claim(&connection, source, Bounds { rows: 20, bytes: BYTES }).await.unwrap();
        let of = |api: &Api<'_>| rows.iter().filter(|row| row.tenant == api.client.tenant).count();
        assert_eq!((rows.len(), of(&small)), (20, 3), "{source:?}");
        assert!(of(&large) >= 8 && of(&other) >= 7, "{source:?}: {} {}", of(&large), of(&other));
        for api in [&large, &small, &other] {
            let oldest = oldest_waiting(&test, source.name, &api.client.tenant, of(api)).await;
            let claimed: Vec<_> = ids(&rows, &api.client.tenant);
            assert_eq!(claimed, oldest, "{source:?}: each tenant's oldest, in their order");
        }
        // The large tenant alone fills a claim.
        drop(connection);
        test.execute(&format!(
            "update {} set published_at = now() where tenant_id <> '{}'",
            source.name, large.client.tenant
        ))
        .await;
        let connection = test.app.database.get().await.unwrap();
        let rows = claim(&connection, source, Bounds { rows: 20, bytes: BYTES }).await.unwrap();
        assert_eq!(
            ids(&rows, &large.client.tenant),
            oldest_waiting(&test, source.name, &large.client.tenant, 20).await
        );
    }
}

#[tokio::test]
async fn claim_leaves_replayed_webhooks_to_a_claim_of_at_most_twenty_in_flight() {
    let test = TestApp::start().await;
    let (replaying, other) = (test.api().await, test.api().await);
    let position = "nextval('webhook_replay_positions')";
    webhooks(&replaying, 200, position).await;
    webhooks(&replaying, 5, "null").await;
    webhooks(&other, 2, position).await;
    let replays = async || {
        let connection = test.app.database.get().await.unwrap();
        let new = claim(&connection, &WEBHOOK_EVENTS, Bounds { rows: 100, bytes: BYTES }).await.unwrap();
        assert_eq!(new.iter().map(|row| row.turn).collect::<Vec<_>>(), [0; 5]);
        claim_replays(&connection, &WEBHOOK_EVENTS, 20).await.unwrap()
    };
    let rows = replays().await;
    assert_eq!(rows.len(), 20);
    assert_eq!(rows.iter().filter(|row| row.tenant == other.client.tenant).count(), 2, "each tenant in turn");
    assert!(ids(&rows, &replaying.client.tenant).is_sorted(), "in the order of their positions");

    let published: Vec<_> = rows[..12].iter().map(|row| row.id.to_string()).collect();
    let sql = format!("update webhook_events set published_at = now() where id in ({})", published.join(", "));
    test.execute(&sql).await;
    assert_eq!(replays().await.len(), 8, "12 of the 20 are on the topic");
    test.execute(&sql.replace("now()", "now() - interval '6 seconds'")).await;
    assert_eq!(replays().await.len(), 20, "after 5 s their records may be lost");
}

#[tokio::test]
async fn claim_reads_as_many_buffers_at_any_backlog() {
    let test = TestApp::start().await;
    let (large, small) = (test.api().await, test.api().await);
    let claims = [
        ("webhook_events", include_str!("../../shared/src/db/sql/claim_webhook_events.sql")),
        ("contact_events", include_str!("../../shared/src/db/sql/claim_contact_events.sql")),
        ("webhook_events in turn", include_str!("../../shared/src/db/sql/claim_webhook_events_in_turn.sql")),
        ("contact_events in turn", include_str!("../../shared/src/db/sql/claim_contact_events_in_turn.sql")),
        ("replays", include_str!("../../shared/src/db/sql/claim_webhook_replays.sql")),
    ];
    let mut before = Vec::new();
    for backlog in [2_000, 20_000] {
        webhooks(&large, backlog, "null").await;
        webhooks(&large, backlog, "nextval('webhook_replay_positions')").await;
        contact_events(&large, backlog).await;
        webhooks(&small, 1, "null").await;
        contact_events(&small, 1).await;
        // Once as PostgreSQL estimates an empty table, once with its statistics.
        for (place, (table, claim)) in claims.iter().enumerate() {
            let read = buffers(&test, claim).await;
            if backlog == 2_000 {
                before.push(read);
            } else {
                assert!(read < 2 * before[place] && read < 4_000, "{table}: {read} after {}", before[place]);
            }
        }
        test.execute("analyze").await;
    }
    for (place, (table, claim)) in claims.iter().enumerate() {
        let read = buffers(&test, claim).await;
        assert!(read < 2 * before[place] && read < 4_000, "{table}: {read} after {}", before[place]);
    }
}

async fn buffers(test: &TestApp, claim: &str) -> i64 {
    let explain = format!("explain (analyze, buffers, format json) {claim}");
    let (bytes, no_tenants) = (i64::from(BYTES), Vec::<String>::new());
    let values: [&(dyn ToSql + Sync); 3] = [&500_i64, &bytes, &no_tenants];
    let count = (1..=3).filter(|number| claim.contains(&format!("${number}"))).max().unwrap_or_default();
    let row = test.sql.query_one(&explain, &values[..count]).await.unwrap();
    let plan: Value = row.get(0);
    let blocks = |name: &str| plan[0]["Plan"][name].as_i64().unwrap();
    blocks("Shared Hit Blocks") + blocks("Shared Read Blocks")
}

fn ids(rows: &[Waiting], tenant: &str) -> Vec<i64> {
    rows.iter().filter(|row| row.tenant == tenant).map(|row| row.id).collect()
}

async fn oldest_waiting(test: &TestApp, table: &str, tenant: &str, count: usize) -> Vec<i64> {
    let sql = format!(
        "select id from {table} where tenant_id = '{tenant}' and published_at is null order by id limit {count}"
    );
    test.sql.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// So many webhooks that wait; replayed ones with a position.
async fn webhooks(api: &Api<'_>, count: i32, position: &str) {
    let (tenant, test) = (&api.client.tenant, api.test);
    let connection = format!("cn_{}", &tenant[3..]);
    if test.count(&format!("connections where id = '{connection}'")).await == 0 {
        Remote::connect(api, &connection).await;
    }
    test.execute(&format!(
        "insert into webhook_events (ce_id, tenant_id, connection_id, event_id, type, remote_id, state, body, received_at, \
                                     replay_position, replays) \
         select gen_random_uuid(), '{tenant}', '{connection}', gen_random_uuid()::text, 'contact.updated', 'r1', 'received', \
                '{{}}', now(), p, case when p is null then 0 else 1 end \
         from generate_series(1, {count}) n cross join lateral (select n, {position}::bigint as p offset 0) as place"
    ))
    .await;
}

/// So many events that wait, each of a contact of its own.
async fn contact_events(api: &Api<'_>, count: i32) {
    let tenant = &api.client.tenant;
    api.test
        .execute(&format!(
            "with made as ( \
                 insert into contacts (tenant_id, id, first_name, last_name, email, status, tags, custom_fields, version, \
                                       created_at, updated_at) \
                 select '{tenant}', gen_random_uuid(), 'Ada', 'Lovelace', 'ada@example.com', 'active', '{{}}', '{{}}', 1, \
                        now(), now() \
                 from generate_series(1, {count}) returning id \
             ) \
             insert into contact_events (ce_id, tenant_id, contact_id, version, type, origin, after, changed_fields, \
                                         occurred_at) \
             select gen_random_uuid(), '{tenant}', id, 1, 'created', '{{}}', '{{}}', '{{}}', now() from made"
        ))
        .await;
}
