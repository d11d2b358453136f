//! What PostgreSQL does for lists of webhooks, failures and conflicts: it walks an index as far as a page is long, wherever
//! the page is and however rare what is asked for. On 60,000 rows of each, half of them another tenant's.

use crosswalk::contact::Between;
use crosswalk::db::webhooks::{Filter, State, Walk};
use crosswalk::db::{conflicts, sync_failures};
use serde_json::Value;
use support::app::TestApp;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

const TENANT: &str = "tn_large";
/// One more than a page has, as it is read.
const ROWS: i64 = 51;

const MODES: [&str; 2] = ["force_custom_plan", "force_generic_plan"];

#[tokio::test]
async fn a_page_of_webhooks_costs_what_it_shows() {
    let test = TestApp::start().await;
    fill(&test).await;
    let far = Some((at("2026-01-03T00:00:00Z"), 0));
    let none = Filter::default;
    let of = |connection: &str| Filter { connection: Some(connection.to_owned()), ..none() };
    let record = Filter { remote_id: Some("r7".to_owned()), ..of("cn_a") };
    let typed = |kind: &str| Filter { kind: Some(kind.to_owned()), ..none() };
    let received = Between { after: None, before: Some(at("2026-01-02T00:00:00Z")) };
    // Each state is walked for a page, and what is shown is read once more.
    let page = 5 * ROWS;
    // As many of each state; and where that is a good part of what there is, all of it may be read and sorted.
    let looked_through = 6 * 2_000;
    let cases: [(&str, Filter, i64); 10] = [
        ("all", none(), page),
        ("dead, which is rare", Filter { state: Some(State::Dead), ..none() }, page),
        ("processed, which most are", Filter { state: Some(State::Processed), ..none() }, page),
        ("a connection", of("cn_a"), page),
        ("a connection of which there is little", of("cn_b"), page),
        ("dead ones of the large connection", Filter { state: Some(State::Dead), ..of("cn_a") }, page),
        ("a record", record, 300 + page),
        ("long ago", Filter { received, ..none() }, page),
        ("a type that most are of", typed("contact.updated"), looked_through + page),
        ("a type that none is of", typed("contact.merged"), looked_through + page),
    ];
    for mode in MODES {
        test.execute(&format!("set plan_cache_mode = {mode}")).await;
        for (name, filter, at_most) in &cases {
            for position in [None, far] {
                for walk in [Walk::newest_first(filter, position, ROWS), Walk::oldest_first(filter, position, ROWS)] {
                    let sql = walk.statement("select * from found join webhook_events using (id)");
                    let cost = explain(&test, mode, &sql, &walk.values(&TENANT)).await;
                    assert_cost(cost, *at_most, &format!("{mode}: {name} from {position:?}"));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_page_of_failures_or_conflicts_costs_what_it_shows() {
    let test = TestApp::start().await;
    fill(&test).await;
    let own = Some("cn_b".to_owned());
    let (place, contact, before) = (("cn_a".to_owned(), contact(9_000)), contact(40), 20_000_i64);
    for mode in MODES {
        test.execute(&format!("set plan_cache_mode = {mode}")).await;
        for (connection, state) in [
            (None, None),
            (None, Some(sync_failures::State::Dead)),
            (None, Some(sync_failures::State::Failing)),
            (own.clone(), None),
            (own.clone(), Some(sync_failures::State::Dead)),
        ] {
            let filter = sync_failures::Filter { connection, state };
            let sql = sync_failures::statement(&filter);
            let values: [&(dyn ToSql + Sync); 5] = [&TENANT, &filter.connection, &place.0, &place.1, &ROWS];
            assert_cost(explain(&test, mode, &sql, &values).await, 2 * ROWS, &format!("{mode}: {filter:?}"));
        }
        for (connection, contact) in
            [(None, None), (own.clone(), None), (None, Some(contact)), (own.clone(), Some(contact))]
        {
            let filter = conflicts::Filter { connection, contact };
            let sql = conflicts::statement(&filter);
            let values: [&(dyn ToSql + Sync); 5] = [&TENANT, &filter.contact, &filter.connection, &before, &ROWS];
            assert_cost(explain(&test, mode, &sql, &values).await, 2 * ROWS, &format!("{mode}: {filter:?}"));
        }
    }
}

/// What was read: rows that scans of tables gave or threw away, and how many went through a whole table.
type Cost = (i64, usize);

#[track_caller]
fn assert_cost((rows, sequential): Cost, at_most: i64, case: &str) {
    assert!(rows <= at_most && sequential == 0, "{case}: {rows} rows for {at_most}, {sequential} whole tables");
}

async fn explain(test: &TestApp, mode: &str, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Cost {
    let explained = format!("/* {mode} */ explain (analyze, timing off, format json) {sql}");
    let row = test.sql.query_one(&explained, values).await.unwrap();
    let plan = row.get::<_, Value>(0)[0]["Plan"].take();
    let mut cost = (0, 0);
    add_scans(&plan, &mut cost);
    cost
}

fn add_scans(node: &Value, cost: &mut Cost) {
    let number = |name: &str| node[name].as_i64().unwrap_or_default();
    if node["Relation Name"].is_string() {
        let rows = number("Actual Rows") + number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
        cost.0 += number("Actual Loops") * rows;
        cost.1 += usize::from(node["Node Type"] == "Seq Scan");
    }
    for child in node["Plans"].as_array().into_iter().flatten() {
        add_scans(child, cost);
    }
}

fn at(time: &str) -> jiff::Timestamp {
    time.parse().unwrap()
}

fn contact(number: u32) -> Uuid {
    format!("00000000-0000-7000-8000-{number:012x}").parse().unwrap()
}

async fn fill(test: &TestApp) {
    test.execute(
        "insert into tenants (id, name) values ('tn_large', 'Tenant'), ('tn_other', 'Tenant');
         insert into connections (tenant_id, id, crm, base_url, secret_name)
         values ('tn_large', 'cn_a', 'acme', '', ''), ('tn_large', 'cn_b', 'acme', '', ''), ('tn_other', 'cn_c', 'acme', '', '');
         create view numbers as
             select n, case when n % 2 = 0 then 'tn_large' else 'tn_other' end as tenant_id,
                    case when n % 2 = 1 then 'cn_c' when n % 1000 = 0 then 'cn_b' else 'cn_a' end as connection_id,
                    ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid as contact_id
             from generate_series(1, 60000) n;
         insert into webhook_events (ce_id, tenant_id, connection_id, event_id, type, remote_id, state, body, received_at)
         select gen_random_uuid(), tenant_id, connection_id, 'ev_' || n, 'contact.updated', 'r' || (n / 2 % 100),
                case when n % 5000 = 0 then 'dead' when n % 3 = 0 then 'unchanged' else 'processed' end, '{}',
                timestamptz '2026-01-01T00:00:00Z' + n * interval '10 seconds'
         from numbers;
         insert into contacts (tenant_id, id, first_name, last_name, email, status, tags, custom_fields, version,
                               created_at, updated_at)
         select tenant_id, contact_id, 'Ada', 'Lovelace', 'ada@example.com', 'active', '{}', '{}', 1, now(), now()
         from numbers;
         insert into links (tenant_id, contact_id, connection_id, state)
         select tenant_id, contact_id, connection_id,
                case when n % 20 = 0 then 'dead' when n % 4 = 0 then 'failing' else 'synced' end
         from numbers;
         insert into sync_conflicts (tenant_id, contact_id, connection_id, field, kept, occurred_at)
         select tenant_id, contact_id, connection_id, 'title', 'ours', now() from numbers",
    )
    .await;
    test.execute("analyze").await;
}
