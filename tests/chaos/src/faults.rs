//! What befalls whom, and how it is mended.

use std::time::Duration;

use support::proxy::Proxy;
use support::runtime_api::Function;

use crate::operations;
use crate::services;
use crate::world::World;

/// Who is hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Victim {
    Postgres,
    Redis,
    Kafka,
    LocalStack,
    Relay,
    WebhookConsumer,
    ContactConsumer,
    Receiver,
    /// A function of the API, whichever chance has it.
    Api,
    WireToPostgres,
    WireToRedis,
    WireToKafka,
}

/// Everybody once, and the API twice: it has the most functions.
pub const ALL: [Victim; 13] = [
    Victim::Postgres,
    Victim::Redis,
    Victim::Kafka,
    Victim::LocalStack,
    Victim::Relay,
    Victim::WebhookConsumer,
    Victim::ContactConsumer,
    Victim::Receiver,
    Victim::Api,
    Victim::Api,
    Victim::WireToPostgres,
    Victim::WireToRedis,
    Victim::WireToKafka,
];

impl Victim {
    /// Hits it, and says what was done.
    pub async fn hit(self, world: &World, rng: &mut fastrand::Rng) -> String {
        match self {
            Self::Postgres => kill_service("postgres").await,
            Self::Redis => kill_service("redis").await,
            Self::Kafka => kill_service("kafka").await,
            Self::LocalStack => {
                // Until it has its secrets again nobody sees it: Secrets Manager goes away, but never without them.
                world.wires.secrets.cut().await;
                kill_service("localstack").await
            }
            Self::Relay => kill("relay-outbox", &world.way.relay.function).await,
            Self::WebhookConsumer => kill("consume-webhook-events", &world.way.webhook_consumer).await,
            Self::ContactConsumer => kill("consume-contact-events", &world.way.contact_consumer).await,
            Self::Receiver => kill("receive-webhook", &world.way.receive).await,
            Self::Api => {
                let name = operations::ALL[rng.usize(..operations::ALL.len())].function;
                kill(name, world.function(name)).await
            }
            Self::WireToPostgres => break_wire("PostgreSQL", &world.wires.postgres, rng).await,
            Self::WireToRedis => break_wire("Redis", &world.wires.redis, rng).await,
            Self::WireToKafka => break_wire("Kafka", &world.wires.kafka, rng).await,
        }
    }
}

/// Mends whatever is broken.
pub async fn mend(world: &World) {
    services::up().await;
    world.test.secrets.put_back().await;
    let wires = &world.wires;
    tokio::join!(wires.secrets.pass(), wires.postgres.pass(), wires.redis.pass(), wires.kafka.pass());
    for function in world.functions() {
        function.fill().await;
    }
    // As EventBridge does each minute. It waits for the shift that is on, and for the lease.
    drop(world.way.relay.shift());
}

async fn kill_service(name: &str) -> String {
    services::kill(name).await;
    format!("kill {name}")
}

async fn kill(name: &str, function: &Function) -> String {
    function.kill().await;
    format!("kill {name}")
}

async fn break_wire(to: &str, wire: &Proxy, rng: &mut fastrand::Rng) -> String {
    let how = match rng.u8(0..5) {
        0 => {
            wire.cut().await;
            "cut the connections".to_owned()
        }
        1 => {
            wire.stall().await;
            "hold everything on the way".to_owned()
        }
        2 => {
            wire.reset().await;
            "reset each connection".to_owned()
        }
        3 => {
            wire.reset_once().await;
            "reset the connections once".to_owned()
        }
        _ => {
            let time = Duration::from_millis(rng.u64(20..300));
            wire.delay(time).await;
            format!("delay the answers by {time:?}")
        }
    };
    format!("{how} to {to}")
}
