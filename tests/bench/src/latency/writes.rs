//! From the answer to a write to its record on the topic.

use std::collections::HashMap;
use std::time::Instant;

use bytes::Bytes;
use support::app::person;
use support::kafka::{Reader, Topic};
use support::relay::Relays;
use tokio::time::timeout;

use super::open_loop::{Answered, at_rate};
use super::{DEPLOYED, PATIENCE, Round, Way, rounds};
use crate::options::Options;
use crate::world::World;

const INSTANCES: usize = 4;

/// Measures it.
pub async fn measure(options: &Options) -> Vec<Round> {
    let world = World::make().await;
    let (api, topic) = (world.api(), Topic::create().await);
    let relays = Relays::of(&world.test, &topic);
    let relays = DEPLOYED.iter().fold(relays, |relays, (name, value)| relays.setting(name, value));
    let relay = relays.work().await;
    let function = world.launch("create-contact").instances(INSTANCES).start().await;
    let reader = topic.read();
    let rounds = rounds("writes", options, async |count, per_second| {
        let event = |number| {
            let ask = api.ask("POST", "/contacts").json(&person(&format!("Ada{number}"), "Lovelace"));
            Bytes::from(ask.event().to_string())
        };
        let events = (0..count).map(event).collect();
        let (answered, arrived) = tokio::join!(at_rate(&function, events, per_second), arrivals(&reader, count));
        let way = |it: &Answered| {
            let contact = it.expect(201);
            let arrived = arrived[contact["id"].as_str().expect("a contact has an id")];
            Way { begun: it.begun, answered: it.ended, arrived }
        };
        Round { asked: per_second, ways: answered.iter().map(way).collect() }
    })
    .await;
    drop(relay);
    rounds
}

/// When the first record of each contact came, until so many have.
async fn arrivals(reader: &Reader, count: usize) -> HashMap<String, Instant> {
    let mut arrived = HashMap::with_capacity(count);
    while arrived.len() < count {
        let record = timeout(PATIENCE, reader.next()).await;
        let record = record.unwrap_or_else(|_| panic!("only {} of {count} writes came to the topic", arrived.len()));
        let now = Instant::now();
        arrived.entry(record.key.expect("a record has its contact for a key")).or_insert(now);
    }
    arrived
}
