//! Somebody walks through ten thousand contacts while others write.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use support::app::{Api, Setup, TestApp, person};

const CONTACTS: usize = 10_000;
/// One in so many is written to meanwhile.
const TOUCHED: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_touches_is_there_once_in_every_order() {
    let test = Setup::default().setting("CROSSWALK_RATE_LIMIT", "100000/100000").start().await;
    let api = test.api().await;
    fill(&test, &api.client.tenant).await;
    let (done, writes) = (AtomicBool::new(false), AtomicUsize::new(0));
    let walk = async {
        for sort in ["createdAt", "updatedAt", "lastName", "email"] {
            for direction in ["", "-"] {
                let written = writes.load(Ordering::Relaxed);
                let contacts = api.pages(&format!("/contacts?sort={direction}{sort}&limit=200")).await;
                assert_untouched_once(&contacts, sort, direction == "-");
                assert!(writes.load(Ordering::Relaxed) > written, "others wrote meanwhile");
            }
        }
        done.store(true, Ordering::Relaxed);
    };
    tokio::join!(walk, write(&api, 0, &done, &writes), write(&api, 1, &done, &writes));
}

/// Those whose number no writer takes are all there, each once and in order.
#[track_caller]
fn assert_untouched_once(contacts: &[Value], sort: &str, descending: bool) {
    let untouched: Vec<_> = contacts.iter().filter(|it| number(it).is_some_and(|n| n % TOUCHED != 0)).collect();
    let mut seen = BTreeMap::new();
    for contact in &untouched {
        *seen.entry(number(contact)).or_insert(0) += 1;
    }
    assert!(seen.values().all(|times| *times == 1), "{sort}: somebody is there twice");
    assert_eq!(seen.len(), CONTACTS - CONTACTS / TOUCHED, "{sort}: somebody is missing");
    let keys: Vec<_> = untouched.iter().map(|it| (it[sort].as_str().unwrap(), it["id"].as_str().unwrap())).collect();
    let in_order = |pair: &[(&str, &str)]| if descending { pair[0] > pair[1] } else { pair[0] < pair[1] };
    assert!(keys.windows(2).all(in_order), "{sort}: the order is broken");
}

/// The number that a contact was made with; those that a writer makes have none.
fn number(contact: &Value) -> Option<usize> {
    contact["customFields"]["number"].as_u64().map(|number| usize::try_from(number).unwrap())
}

/// Changes, deletes, restores and makes contacts, all over the list.
async fn write(api: &Api<'_>, side: usize, done: &AtomicBool, writes: &AtomicUsize) {
    let mut step = side;
    while !done.load(Ordering::Relaxed) {
        let number = step * 7919 % CONTACTS / TOUCHED * TOUCHED;
        let id = id(number);
        match step % 4 {
            0 => drop(api.delete(&id).await),
            1 => drop(api.restore(&id).await),
            2 => drop(api.create(&person(&format!("new{step}"), &format!("{step:05}"))).await.expect(201)),
            _ => {
                let patch = json!({"lastName": format!("{step:05}"), "email": format!("moved{step}@example.com")});
                let ask = api.ask("PATCH", &format!("/contacts/{id}")).header("if-match", "*");
                drop(ask.json(&patch).send().await);
            }
        }
        writes.fetch_add(1, Ordering::Relaxed);
        step += 2;
    }
}

fn id(number: usize) -> String {
    format!("00000000-0000-7000-8000-{number:012x}")
}

async fn fill(test: &TestApp, tenant: &str) {
    test.execute(&format!(
        "insert into contacts (tenant_id, id, first_name, last_name, email, status, tags, custom_fields, version,
                               created_at, updated_at)
         select '{tenant}', ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'First',
                -- Fifty of each, so that a name goes on over the end of a page.
                lpad((n * 7 % {CONTACTS} / 50)::text, 5, '0'), 'person' || n * 13 % {CONTACTS} || '@example.com',
                'active', '{{}}', jsonb_build_object('number', n), 1,
                timestamptz '2026-01-01' + n / 3 * interval '1 second', timestamptz '2026-02-01' - n * interval '1 second'
         from generate_series(0, {CONTACTS} - 1) n",
    ))
    .await;
}
