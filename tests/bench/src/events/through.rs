//! Webhooks all the way: from the table to the topic, by the event source mapping to the consumer, and into contacts.

use std::time::{Duration, Instant};

use support::kafka::Topic;
use support::mapping::Poller;
use support::relay::Relays;
use support::wait::eventually;
use triggers::template::Kafka;

use super::batches::fill;
use crate::measure::rate;
use crate::options::Options;
use crate::report::{Table, number, text};
use crate::world::World;

const PATIENCE: Duration = Duration::from_mins(5);

/// Measures them.
pub async fn run(options: &Options) -> Table {
    let mut table = Table::new("Webhooks end to end", &["records in a batch at most", "webhooks", "events/s"]);
    for size in [1, 100, 500] {
        let count = options.scaled(if size == 1 { 2_000 } else { 20_000 }) / 2;
        let world = World::make().await;
        let topic = Topic::create().await;
        let function = world.launch("consume-webhook-events").instances(2).start().await;
        let window = Duration::ZERO;
        let kafka = Kafka { batch_size: size, window, ..Kafka::of(format!("of {}", topic.name()), [topic.name()]) };
        let _poller = Poller::start(&function, kafka);
        let relay = Relays::of(&world.test, &topic).setting("CROSSWALK_SHIFT_SECONDS", "840").work().await;
        world.test.outbox().claimed().await;
        fill(&world, count).await;
        let begun = Instant::now();
        world.execute("update webhook_events set published_at = null").await;
        eventually("the webhooks to be worked", PATIENCE, || async {
            world.test.count("webhook_events where state = 'received'").await == 0
        })
        .await;
        let webhooks = 2 * (count + 1);
        table.row([text(size.to_string()), text(webhooks.to_string()), number(rate(webhooks, begun.elapsed()), 0)]);
        drop(relay);
    }
    table
}
