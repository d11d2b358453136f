//! From the answer to a webhook to the contact that it tells of.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use support::account::{Account, webhook};
use support::remote::record;
use support::two_way::TwoWay;
use tokio::time::sleep;
use tokio_postgres::Client;

use super::open_loop::{Answered, at_rate};
use super::{DEPLOYED, PATIENCE, Round, Way, rounds};
use crate::options::Options;
use crate::world::World;

/// Those that have waited longest are looked for, so that a look stays cheap.
const LOOKED_FOR: usize = 100;

const BETWEEN_LOOKS: Duration = Duration::from_millis(1);

/// Measures it.
pub async fn measure(options: &Options) -> Vec<Round> {
    let world = World::make().await;
    let api = world.api();
    let account = Account::connect(&api).await;
    let way = TwoWay::start_with(&world.test, &DEPLOYED).await;
    let mut told = 0;
    rounds("webhooks", options, async |count, per_second| {
        let ids: Vec<String> = (told..told + count).map(|number| format!("r{number}")).collect();
        told += count;
        let event = |id: &String| {
            let webhook = webhook("contact.created", &format!("ev-{id}"), &record(id)).to_string();
            Bytes::from(account.signed(webhook.as_bytes()).event().to_string())
        };
        let events = ids.iter().map(event).collect();
        let (answered, seen) = tokio::join!(
            at_rate(&way.receive, events, per_second),
            arrivals(&world.test.sql, &account.remote.connection, &ids)
        );
        let way = |(answered, id): (&Answered, &String)| {
            answered.expect(202);
            Way { begun: answered.begun, answered: answered.ended, arrived: seen[id.as_str()] }
        };
        Round { asked: per_second, ways: answered.iter().zip(&ids).map(way).collect() }
    })
    .await
}

/// When the contact of each of these records was first seen. A link is committed with its contact.
async fn arrivals<'a>(sql: &Client, connection: &str, ids: &'a [String]) -> HashMap<&'a str, Instant> {
    let look = "select remote_id from links where connection_id = $1 and remote_id = any($2)";
    let look = sql.prepare(look).await.expect("the look can be prepared");
    let mut waiting: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (mut arrived, mut last) = (HashMap::with_capacity(ids.len()), Instant::now());
    while !waiting.is_empty() {
        let oldest = &waiting[..waiting.len().min(LOOKED_FOR)];
        let rows = sql.query(&look, &[&connection, &oldest]).await.expect("PostgreSQL answers");
        let now = Instant::now();
        if rows.is_empty() {
            assert!(now - last < PATIENCE, "{} of {} webhooks came to nothing", waiting.len(), ids.len());
            sleep(BETWEEN_LOOKS).await;
            continue;
        }
        last = now;
        let found: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
        waiting.retain(|id| {
            let found = found.contains(id);
            if found {
                arrived.insert(*id, now);
            }
            !found
        });
    }
    arrived
}
