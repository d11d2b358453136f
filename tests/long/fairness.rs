//! A tenant that uses its limits in full in every way (batches, replays, totals, a slow CRM) delays another tenant's webhooks
//! little.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use acme_crm::Faults;
use crosswalk::Scope;
use futures::future::join_all;
use serde_json::{Value, json};
use support::account::{Account, webhook};
use support::app::{Api, Setup, TestApp, person};
use support::crm::Crm;
use support::remote::record;
use support::two_way::TwoWay;
use support::wait::eventually;
use tokio::time::{Instant, sleep, sleep_until};

/// Webhooks of the tenant that is measured, and the time between them.
const WEBHOOKS: u32 = 300;
const PERIOD: Duration = Duration::from_millis(50);

const PATIENCE: Duration = Duration::from_mins(1);

/// The time that doubles is at least this. Without optimisation, and on a machine that runs other tests, the processor alone
/// delays single webhooks by so much.
const NOISE_MS: f64 = 100.0;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the figures are part of the result")]
async fn tenant_at_its_limits_at_most_doubles_the_time_of_anothers_webhooks() {
    // A fifth of the default rate: functions without optimisation need that much more of the processor.
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "20/100").start().await;
    let (busy, quiet) = (test.api().await, test.api().await);
    let account = Account::connect(&quiet).await;
    let crm = Crm::connect(&busy).await;
    crm.faults(Faults { latency_ms: 900, ..Faults::default() });
    fill(&test, &busy, &crm.connection).await;
    let way = TwoWay::start(&test).await;

    measure(&test, &account, &way, "warm", 40).await;
    let alone = measure(&test, &account, &way, "alone", WEBHOOKS).await;
    let done = AtomicBool::new(false);
    let measured = async {
        // The load has begun, and its first burst is over.
        sleep(Duration::from_secs(3)).await;
        let beside = measure(&test, &account, &way, "beside", WEBHOOKS).await;
        done.store(true, Ordering::Relaxed);
        beside
    };
    let (beside, sent) = tokio::join!(measured, at_its_limits(&test, &busy, &done));
    println!(
        "webhook to contact, p50 and p99 in ms: alone {alone:.0?}, beside a tenant at its limits {beside:.0?}; {sent:?}"
    );
    assert!(sent.iter().all(|sent| *sent > 0), "each load did some work: {sent:?}");
    assert!(beside[1] <= 2.0 * alone[1].max(NOISE_MS), "{beside:?} beside, {alone:?} alone");
}

/// Sends webhooks about new records by the clock, and answers the median and the 99th percentile of the time from its
/// arrival to its contact, in ms.
async fn measure(test: &TestApp, account: &Account<'_>, way: &TwoWay<'_>, name: &str, count: u32) -> [f64; 2] {
    let begun = Instant::now();
    let requests = (0..count).map(|n| async move {
        sleep_until(begun + PERIOD * n).await;
        let id = format!("{name}-{n}");
        let event = webhook("contact.created", &id, &record(&id));
        let answer = account.signed(event.to_string().as_bytes()).through(&way.receive).await;
        answer.expect("receive-webhook answers").expect(202);
    });
    join_all(requests).await;
    let connection = &account.remote.connection;
    let own = format!("webhook_events where connection_id = '{connection}' and event_id like '{name}-%'");
    let processed = format!("{own} and state = 'processed'");
    eventually("the webhooks to be contacts", PATIENCE, || async { test.count(&processed).await == i64::from(count) })
        .await;
    let sql = format!(
        "select percentile_cont(array[0.5, 0.99]) within group (order by extract(epoch from processed_at - received_at) * 1e3) \
         from {own}"
    );
    let times: Vec<f64> = test.sql.query_one(&sql, &[]).await.expect("PostgreSQL answers").get(0);
    [times[0], times[1]]
}

/// Does everything at once, each by a client of its own. Answers how often each was accepted.
async fn at_its_limits(test: &TestApp, busy: &Api<'_>, done: &AtomicBool) -> [usize; 4] {
    let client = async || Api::of(test, test.client_of(&busy.client.tenant, &Scope::ALL).await).await;
    let (batches, replays, totals, searches) = (client().await, client().await, client().await, client().await);
    let items: Vec<Value> = (0..100).map(|n| person(&format!("Ada{n}"), "Lovelace")).collect();
    let batch = json!({"items": items});
    let replay = |state: &str| json!({"state": state, "limit": 10_000});
    let accepted = tokio::join!(
        repeat(done, async |_| batches.ask("POST", "/contacts/batch").json(&batch).send().await.status == 207),
        repeat(done, async |n| {
            let body = replay(if n % 2 == 0 { "processed" } else { "unchanged" });
            replays.ask("POST", "/webhook-events/replay").json(&body).send().await.status == 202
        }),
        repeat(done, async |_| {
            totals.ask("GET", "/contacts?limit=1").header("prefer", "count=exact").send().await.status == 200
        }),
        repeat(done, async |_| searches.ask("GET", "/contacts?q=%25%25%25").send().await.status == 200),
    );
    [accepted.0, accepted.1, accepted.2, accepted.3]
}

/// Repeats a request until the time is over, at once after a success and soon after a rejection.
async fn repeat(done: &AtomicBool, request: impl AsyncFn(usize) -> bool) -> usize {
    let mut accepted = 0;
    for n in 0.. {
        if done.load(Ordering::Relaxed) {
            break;
        }
        if request(n).await {
            accepted += 1;
        } else {
            sleep(Duration::from_millis(20)).await;
        }
    }
    accepted
}

/// Webhooks of records that are contacts already after their first replay.
async fn fill(test: &TestApp, api: &Api<'_>, connection: &str) {
    let tenant = &api.client.tenant;
    let body = webhook("contact.updated", "EVENT", &record("RECORD")).to_string();
    let sql = "insert into webhook_events (ce_id, tenant_id, connection_id, event_id, type, remote_id, state, body, received_at, \
                                           published_at, processed_at) \
               select gen_random_uuid(), $1, $2, 'ev_' || n, 'contact.updated', 'r' || n, 'processed', \
                      convert_to(replace(replace($3, 'EVENT', 'ev_' || n), 'RECORD', 'r' || n), 'UTF8'), now(), now(), now() \
               from generate_series(1, 1500) n";
    test.sql.execute(sql, &[tenant, &connection, &body]).await.expect("the webhooks are stored");
}
