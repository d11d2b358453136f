//! What an instance holds. Making it connects nothing: whatever a route needs is opened when it is first used, or
//! ahead of that where its `main` says so.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::auth::{Senders, Verifier};
use crate::cache::Redis;
use crate::config::{Config, Secrets};
use crate::contact::reading::Rules;
use crate::db::Database;
use crate::rate::InstanceCounts;

/// Lambda kills a process 500 ms after SIGTERM.
const CLOSE: Duration = Duration::from_millis(400);

/// The instance.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct App {
    pub config: Config,
    pub secrets: Arc<Secrets>,
    pub database: Database,
    /// A second session, which the relay uses for its lease only: a long statement on `database` must not delay a
    /// renewal. It connects at first use, so no other function opens it.
    pub lease_database: Database,
    pub redis: Redis,
    pub verifier: Verifier,
    pub senders: Senders,
    /// Counts of clients and connections while Redis gives no answer.
    pub counts: InstanceCounts,
    /// Counts of addresses. They are apart, so that strangers cannot displace the counts of clients.
    pub source_counts: InstanceCounts,
    pub rules: Rules,
    /// Whether PostgreSQL and Redis answered when that was last checked, and when it was.
    pub reached_stores: Mutex<Option<(Instant, (bool, bool))>>,
}

/// Something that nearly every request of a route needs, and so is opened while the runtime starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Need {
    PostgreSql,
    Redis,
    SigningKey,
    VerificationKeys,
}

impl App {
    /// An instance with this configuration.
    pub fn new(config: Config) -> Self {
        let secrets = Arc::new(Secrets::default());
        Self {
            database: Database::new(&config.database, Arc::clone(&secrets)),
            lease_database: Database::new(&config.database, Arc::clone(&secrets)),
            redis: Redis::new(&config.redis, Arc::clone(&secrets)),
            verifier: Verifier::new(&config.tokens, Arc::clone(&secrets)),
            senders: Senders::default(),
            counts: InstanceCounts::default(),
            source_counts: InstanceCounts::default(),
            rules: Rules { phone_region: config.contacts.phone_region.clone() },
            reached_stores: Mutex::default(),
            secrets,
            config,
        }
    }

    /// Closes the connections to the stores, within half a second. It is called once, before the process exits.
    pub async fn close(&self) {
        self.redis.close();
        let databases = async { tokio::join!(self.database.close(), self.lease_database.close()) };
        if tokio::time::timeout(CLOSE, databases).await.is_err() {
            tracing::warn!("a PostgreSQL session did not end in time");
        }
    }

    /// Opens one of them. A failure is left for the request that needs it.
    pub async fn warm(&self, need: Need) {
        match need {
            Need::PostgreSql => self.database.warm().await,
            Need::Redis => self.redis.warm().await,
            Need::SigningKey => self.secrets.warm(&self.config.tokens.signing_key_secret).await,
            Need::VerificationKeys => self.secrets.warm(&self.config.tokens.verification_keys_secret).await,
        }
    }
}
