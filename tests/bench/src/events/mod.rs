//! The consumers and the relay: how many events a second, beside a client that asks the stores for the same.

mod batches;
mod consumers;
mod relay;
mod through;

use crate::options::Options;
use crate::report::Part;
use crate::world::World;

const METHOD: &str = "A consumer gets batches of records as the event source mapping hands them over; the *floor* is a bare client \
    that sends the stores the same commands over one connection, recorded at the wire. The relay has a backlog that was \
    committed at once while it was idle, in one topic of three partitions, ten events of each contact in the largest; \
    its claim is explained when all of the table is published. End to end the mapping is the local one, \
    which commits each batch before it takes the next of a partition; two instances work.";

/// Runs the part.
pub async fn run(options: &Options) -> Part {
    let (consumers, mut budgets) = consumers::run(options).await;
    let world = World::make().await;
    let (relay, more) = relay::run(&world, options).await;
    budgets.extend(more);
    let through = through::run(options).await;
    Part {
        name: "events",
        title: "Events",
        method: METHOD.to_owned(),
        tables: vec![consumers, relay, through],
        budgets,
    }
}
