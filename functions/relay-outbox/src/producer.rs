//! The Kafka producer: how it is set, what becomes of its log, and when it must be replaced.

use std::error::Error as StdError;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crosswalk::{Error, Result};
use rdkafka::client::{ClientContext, OAuthToken};
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::KafkaError;
use rdkafka::producer::{FutureProducer, Producer as _};

use crate::iam::Signer;
use crate::settings::{Auth, Settings};

/// The largest record: a value of 2 MiB, and room for its key, headers and batch. The broker is set alike.
const LARGEST_RECORD: usize = 2 * 1024 * 1024 + 64 * 1024;

/// How long one request may wait for the broker, so that a connection that leads nowhere is found out before records
/// time out.
const LONGEST_REQUEST: Duration = Duration::from_secs(3);

/// The producer of this instance, kept from one shift to the next.
pub struct Producer {
    config: ClientConfig,
    auth: Auth,
    current: Mutex<Option<FutureProducer<Context>>>,
}

impl Producer {
    /// A producer for these settings. It connects nothing yet.
    pub fn new(settings: &Settings) -> Self {
        Self { config: config(settings), auth: settings.auth, current: Mutex::new(None) }
    }

    /// The producer, made if there is none.
    pub fn get(&self) -> Result<FutureProducer<Context>> {
        let mut current = self.current();
        if let Some(producer) = current.as_ref() {
            return Ok(producer.clone());
        }
        let context = Context { signer: (self.auth == Auth::MskIam).then(Signer::new) };
        let made = self.config.create_with_context(context);
        let made = made.map_err(|error| Error::internal("make the Kafka producer", error))?;
        Ok(current.insert(made).clone())
    }

    /// Lets go of a producer that will never deliver again. Nothing is in it: every delivery has been waited for.
    pub fn replace_if_broken(&self) {
        let mut current = self.current();
        let Some((code, reason)) = current.as_ref().and_then(|producer| producer.client().fatal_error()) else {
            return;
        };
        tracing::error!(%code, reason, "the Kafka producer is broken for good; making a new one");
        let broken = current.take();
        // Its end waits for its threads.
        tokio::task::spawn_blocking(move || drop(broken));
    }

    fn current(&self) -> MutexGuard<'_, Option<FutureProducer<Context>>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn config(settings: &Settings) -> ClientConfig {
    let delivery = settings.delivery();
    let request = LONGEST_REQUEST.min(delivery * 3 / 4).as_millis().to_string();
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &settings.brokers)
        .set("client.id", "crosswalk-relay-outbox")
        .set("acks", "all")
        .set("enable.idempotence", "true")
        // Java's partitioner, so that whatever else writes to or reads from the topic finds the same partitions.
        .set("partitioner", "murmur2_random")
        .set("message.max.bytes", LARGEST_RECORD.to_string())
        .set("message.timeout.ms", delivery.as_millis().to_string())
        .set("request.timeout.ms", &request)
        .set("socket.timeout.ms", &request)
        // What waits is sent at once: rows with one key go one by one, and each would wait anew.
        .set("linger.ms", "0")
        .set("socket.connection.setup.timeout.ms", "5000")
        .set("socket.keepalive.enable", "true")
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "500")
        // A connection that was idle for longer may have been cut while the instance was frozen.
        .set("connections.max.idle.ms", "60000")
        .set("log.connection.close", "false");
    match settings.auth {
        Auth::None => config.set("security.protocol", "plaintext"),
        Auth::Tls => config.set("security.protocol", "ssl").set("ssl.ca.location", "probe"),
        Auth::MskIam => config
            .set("security.protocol", "sasl_ssl")
            .set("ssl.ca.location", "probe")
            .set("sasl.mechanism", "OAUTHBEARER"),
    };
    config
}

/// What librdkafka asks of us.
pub struct Context {
    signer: Option<Signer>,
}

impl ClientContext for Context {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn generate_oauth_token(&self, _: Option<&str>) -> Result<OAuthToken, Box<dyn StdError>> {
        self.signer.as_ref().ok_or("the broker wants a token, and CROSSWALK_KAFKA_AUTH is not msk-iam")?.token()
    }

    fn log(&self, level: RDKafkaLogLevel, facility: &str, text: &str) {
        match level {
            RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => tracing::debug!(facility, text, "librdkafka"),
            _ => tracing::warn!(facility, text, "librdkafka"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // It comes with every attempt to connect. The log above tells it less often, and each round that fails tells
        // it too.
        tracing::debug!(%error, reason, "librdkafka");
    }
}
