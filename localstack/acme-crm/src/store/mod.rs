//! The CRM's Redis: records, and the webhooks that tell of their changes.

mod deliveries;
mod records;

use std::time::Duration;

use aws_lc_rs::rand;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, Client, RedisResult, Script};

pub(crate) use deliveries::Order;
pub(crate) use records::{Change, Which};

/// How long the server may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// The records and deliveries of one CRM. It connects again by itself.
pub(crate) struct Store {
    connection: ConnectionManager,
    keys: Keys,
    commit: Script,
    queue: Script,
    note: Script,
}

/// The keys, few and fixed; a script's are all in one slot of a cluster, for they share what is in braces.
struct Keys {
    /// Hash: id to record.
    records: String,
    /// Sorted by name: ids, which are in the order of creation.
    ids: String,
    /// Sorted by name: external id, NUL, id.
    by_external_id: String,
    /// Sorted by name: address, NUL, id.
    by_email: String,
    /// Hash: key to delivery.
    deliveries: String,
    /// Sorted by number: keys of deliveries.
    order: String,
    /// Sorted by number: keys of deliveries that are not over.
    pending: String,
    /// List: keys of deliveries that are over, oldest first.
    finished: String,
    /// The number of the last delivery.
    number: String,
    /// What tokens are signed with.
    token_key: String,
}

impl Keys {
    fn new(prefix: &str) -> Self {
        let key = |name: &str| format!("{{{prefix}}}:{name}");
        Self {
            records: key("records"),
            ids: key("ids"),
            by_external_id: key("by_external_id"),
            by_email: key("by_email"),
            deliveries: key("deliveries"),
            order: key("delivery_order"),
            pending: key("deliveries_pending"),
            finished: key("deliveries_finished"),
            number: key("delivery_number"),
            token_key: key("token_key"),
        }
    }
}

impl Store {
    pub(crate) async fn open(url: &str, prefix: &str) -> RedisResult<Self> {
        // Whatever asks next tries to connect again, so nobody waits for a server that is away.
        let config = ConnectionManagerConfig::new().set_response_timeout(Some(ANSWER)).set_number_of_retries(0);
        Ok(Self {
            connection: ConnectionManager::new_with_config(Client::open(url)?, config).await?,
            keys: Keys::new(prefix),
            commit: Script::new(include_str!("scripts/commit.lua")),
            queue: Script::new(include_str!("scripts/queue.lua")),
            note: Script::new(include_str!("scripts/note.lua")),
        })
    }

    /// What tokens are signed with: drawn once, and kept.
    pub(crate) async fn token_key(&self) -> RedisResult<Vec<u8>> {
        let mut drawn = [0_u8; 32];
        if rand::fill(&mut drawn).is_err() {
            return Err((redis::ErrorKind::Client, "the machine has no randomness").into());
        }
        let mut connection = self.connection();
        let _: bool = connection.set_nx(&self.keys.token_key, &drawn[..]).await?;
        connection.get(&self.keys.token_key).await
    }

    /// Removes records and deliveries. Tokens stay good, and numbers go on, so that nothing old is taken for new.
    pub(crate) async fn clear(&self) -> RedisResult<()> {
        let keys = &self.keys;
        let all = [
            &keys.records,
            &keys.ids,
            &keys.by_external_id,
            &keys.by_email,
            &keys.deliveries,
            &keys.order,
            &keys.pending,
            &keys.finished,
        ];
        self.connection().del(&all[..]).await
    }

    fn connection(&self) -> ConnectionManager {
        self.connection.clone()
    }
}
