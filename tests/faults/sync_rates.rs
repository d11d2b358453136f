//! How much work a webhook is, by the size of its batch, and how soon its contact is there. Run with `--nocapture` to see the
//! figures; what is checked are ratios, which a busy machine has too.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{Value, json};
use support::app::{Setup, TestApp};
use support::crm::{Crm, typed};
use support::remote::Remote;
use support::runtime_api::Function;
use support::two_way::TwoWay;
use support::wait::eventually;

const EVENTS: usize = 3_000;

/// Webhooks of as many records, accepted and waiting.
async fn waiting(test: &TestApp, crm: &Remote<'_>, count: usize) -> Vec<String> {
    let (tenant, connection) = (&crm.api.client.tenant, &crm.connection);
    let sql = format!(
        "insert into webhook_events (ce_id, tenant_id, connection_id, event_id, type, remote_id, state, body, received_at) \
         select gen_random_uuid(), '{tenant}', '{connection}', gen_random_uuid(), 'contact.created', n, 'received', \
             convert_to(json_build_object('event', 'contact.created', 'id', n, 'timestamp', '2026-01-01T00:00:00Z', \
                 'data', json_build_object('id', n, 'acme_first_name', 'Ada', 'acme_last_name', 'Lovelace', \
                     'acme_email', 'ada@example.com', 'acme_phone', '+14155552671', 'acme_version', 1, \
                     'acme_updated_at', '2026-01-01T00:00:00Z'))::text, 'UTF8'), clock_timestamp() \
         from (select gen_random_uuid()::text as n from generate_series(1, {count})) as ids returning ce_id::text"
    );
    test.sql.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

fn event(ids: &[String]) -> Value {
    let records: Vec<_> = ids
        .iter()
        .enumerate()
        .map(|(offset, id)| {
            let value = json!({"id": id}).to_string();
            json!({"topic": "t", "partition": 0, "offset": offset, "timestamp": 0, "timestampType": "CREATE_TIME",
                "value": base64(&value), "headers": []})
        })
        .collect();
    json!({"eventSource": "aws:kafka", "bootstrapServers": "b:9092", "records": {"t-0": records}})
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the figures are to be seen")]
async fn a_batch_costs_little_more_than_one_webhook() {
    let test = TestApp::start().await;
    let api = test.api().await;
    let crm = Remote::connect(&api, "cn_rates").await;
    let consumer = Function::start("consume-webhook-events", test.environment.clone()).await;
    let mut rates = Vec::new();
    for size in [1, 100, 500] {
        let count = if size == 1 { EVENTS / 10 } else { EVENTS };
        let ids = waiting(&test, &crm, count).await;
        test.execute("analyze").await;
        let began = Instant::now();
        for batch in ids.chunks(size) {
            consumer.invoke(&event(batch)).await.unwrap();
        }
        let rate = f64::from(u32::try_from(count).unwrap()) / began.elapsed().as_secs_f64();
        println!("batches of {size}: {rate:.0} events/s");
        rates.push(rate);
    }
    let worked = test.count("webhook_events where state = 'processed'").await;
    assert_eq!(worked, i64::try_from(EVENTS * 2 + EVENTS / 10).unwrap());
    assert!(rates[1] > rates[0] * 4.0 && rates[2] > rates[0] * 4.0, "{rates:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "the figures are to be seen")]
async fn a_webhook_is_a_contact_soon() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000").start().await;
    let api = test.api().await;
    let mut crm = Crm::connect(&api).await;
    let way = TwoWay::start(&test).await;
    way.connect(&mut crm);
    crm.create(&typed("Warm")).await;
    way.at_rest(&[&crm]).await;
    let mut times = Vec::new();
    for round in 0..40 {
        let accepted = join_all((0..5).map(|number| {
            let id = format!("soon-{round}-{number}");
            let mut data = typed("Ada");
            data["id"] = json!(id);
            let webhook = json!({"event": "contact.created", "id": id, "data": data});
            let crm = &crm;
            async move {
                assert_eq!(crm.send(&webhook).await["status"], 202);
                (id, Instant::now())
            }
        }));
        for (id, at) in accepted.await {
            let path = format!("/connections/{}/contacts/{id}", crm.connection);
            let look = || async { api.ask("GET", &path).send().await.status == 200 };
            eventually("the contact to be there", Duration::from_secs(20), look).await;
            times.push(at.elapsed());
        }
    }
    times.sort();
    let (median, slowest) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("from accepted to visible: p50 {median:?}, p99 {slowest:?}");
    assert!(median < Duration::from_secs(2), "{median:?}");
}
