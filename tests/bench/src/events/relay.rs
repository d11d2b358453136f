//! The relay: from a backlog to the topic.

use std::time::{Duration, Instant};

use serde_json::Value;
use support::kafka::Topic;
use support::relay::Relays;
use support::wait::eventually;

use crate::measure::{ms, process, rate};
use crate::options::Options;
use crate::progress;
use crate::report::{Bound, Budget, Table, number, text};
use crate::requests::case::Block;
use crate::world::World;

const CONTACTS: Block = Block(30);
/// As many contacts have events; in a larger backlog each has several.
const MANY: usize = 100_000;
const BACKLOGS: [usize; 4] = [1_000, 10_000, 100_000, 1_000_000];
const PATIENCE: Duration = Duration::from_mins(10);
const CLAIM: &str = include_str!("../../../../shared/src/db/sql/claim_contact_events.sql");

/// Measures it.
pub async fn run(world: &World, options: &Options) -> (Table, Vec<Budget>) {
    let topic = Topic::create().await;
    contacts(world).await;
    let relays =
        Relays::of(&world.test, &topic).setting("CROSSWALK_LEASE_MS", "5000").setting("CROSSWALK_SHIFT_SECONDS", "840");
    let relay = relays.work().await;
    world.test.outbox().claimed().await;
    let mut table = Table::new(
        "Relay",
        &["backlog", "events/s", "CPU µs/event", "PostgreSQL CPU µs/event", "claim's buffers, all published"],
    );
    let (mut rates, mut buffers, mut version) = (Vec::new(), Vec::new(), 1);
    let bar = progress::bar("relay", BACKLOGS.len());
    for backlog in BACKLOGS.map(|backlog| options.scaled(backlog)) {
        bar.set_message(format!("relay, {backlog} events"));
        let pids = relay.function.pids();
        append(world, backlog, version).await;
        version += backlog.div_ceil(MANY);
        let backends = process::backends(world.test.database.name());
        let before = (process::cpu(&pids), process::cpu(&backends));
        let begun = Instant::now();
        published(world).await;
        let took = begun.elapsed();
        let each = |after: Duration, before: Duration| ms(after.saturating_sub(before)) * 1e3 / count(backlog);
        let (own, postgresql) = (each(process::cpu(&pids), before.0), each(process::cpu(&backends), before.1));
        let read = claim_buffers(world).await;
        table.row([
            text(backlog.to_string()),
            number(rate(backlog, took), 0),
            number(own, 1),
            number(postgresql, 1),
            number(read, 0),
        ]);
        rates.push(rate(backlog, took));
        buffers.push(read);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let budgets = vec![
        Budget::of("relay: events/s while 100,000 wait", rates[2], Bound::AtLeast(10_000.0)),
        Budget::of(
            "relay: events/s while 1,000,000 wait, of those while 10,000 do",
            rates[3] / rates[1],
            Bound::AtLeast(0.8),
        ),
        Budget::of(
            "relay: buffers of a claim from a table of 1,111,000 events, of one from 1,000",
            buffers[3] / buffers[0].max(1.0),
            Bound::AtMost(2.0),
        ),
    ];
    (table, budgets)
}

async fn contacts(world: &World) {
    let (tenant, id) = (world.tenant(), CONTACTS.id_sql());
    world
        .execute(&format!(
            "insert into contacts (tenant_id, id, first_name, last_name, email, status, tags, custom_fields, version, \
                                   created_at, updated_at) \
             select '{tenant}', {id}, 'Ada', 'Lovelace', 'ada' || n || '@example.com', 'active', '{{}}', '{{}}', 1, now(), \
                    now() from generate_series(0, {MANY} - 1) n; \
             analyze contacts"
        ))
        .await;
}

/// Events of these contacts in turn, each contact's from this version on.
async fn append(world: &World, count: usize, version: usize) {
    world
        .execute(&format!(
            "with xid as materialized (select pg_current_xact_id()) \
             insert into contact_events (ce_id, tenant_id, contact_id, version, type, origin, before, after, \
                                         changed_fields, occurred_at) \
             select gen_random_uuid(), tenant_id, id, {version} + n / {MANY}, 'updated', '{{\"kind\": \"api\"}}', said, said, \
                    '{{title}}', now() \
             from xid, generate_series(0, {count} - 1) n \
             cross join lateral (select tenant_id, id, jsonb_build_object('id', id, 'firstName', first_name, 'lastName', \
                last_name, 'email', email, 'status', status, 'tags', tags, 'customFields', custom_fields, 'version', version, \
                'createdAt', created_at, 'updatedAt', updated_at) as said \
                from contacts where tenant_id = '{}' and id = {}) c",
            world.tenant(),
            CONTACTS.id_sql().replace("to_hex(n)", &format!("to_hex(n % {MANY})")),
        ))
        .await;
}

/// Waits for the last event. A count of what waits would cost more than the relay itself.
async fn published(world: &World) {
    let last = world.test.sql.query_one("select max(id) from contact_events", &[]).await;
    let last: i64 = last.expect("PostgreSQL answers").get(0);
    let sql = "select published_at is not null from contact_events where id = $1";
    eventually("the backlog to be published", PATIENCE, || async {
        world.test.sql.query_one(sql, &[&last]).await.is_ok_and(|row| row.get(0))
    })
    .await;
    assert_eq!(world.test.outbox().waiting().await, 0, "the last one is marked last");
}

/// Blocks that a claim reads when there is nothing to claim, vacuumed as autovacuum would by and by.
async fn claim_buffers(world: &World) -> f64 {
    world.execute("vacuum contact_events").await;
    let explain = format!("explain (analyze, buffers, format json) {CLAIM}");
    let row = world.test.sql.query_one(&explain, &[&1_000_i64, &8_388_608_i64]).await;
    let plan: Value = row.unwrap_or_else(|error| panic!("{explain}: {error:?}")).get(0);
    let blocks = |name: &str| plan[0]["Plan"][name].as_f64().unwrap_or_default();
    blocks("Shared Hit Blocks") + blocks("Shared Read Blocks")
}

#[expect(clippy::cast_precision_loss, reason = "no backlog comes near 2^52")]
fn count(number: usize) -> f64 {
    number as f64
}
