//! The settings, concern by concern. The first words of each comment are the variable and its default.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::Env;

/// A variable that can't be read.
#[derive(Debug, thiserror::Error)]
#[error("{name} can't be {value:?}: see the README's table of settings")]
pub struct ConfigError {
    /// The variable.
    pub name: &'static str,
    /// What it holds.
    pub value: String,
}

/// PostgreSQL.
#[derive(Debug, Clone)]
pub struct Database {
    /// `CROSSWALK_DATABASE_SECRET`: the secret `{host, port, dbname, username, password}` of the role we work as.
    pub secret: String,
    /// `CROSSWALK_DATABASE_ADMIN_SECRET`: the same for the owner of the schema; migrate-database and
    /// rotate-database-password need it.
    pub admin_secret: String,
    /// `CROSSWALK_DATABASE_HOST`: in place of the secrets'. What RDS itself keeps of an administrator has none, and some
    /// functions go through a proxy with a secret of which others make use without it.
    pub host: Option<String>,
    /// `CROSSWALK_DATABASE_PORT`: in place of the secrets'; 5432 where these have none.
    pub port: Option<u16>,
    /// `CROSSWALK_DATABASE_NAME`: in place of the secrets' `dbname`.
    pub name: Option<String>,
    /// `CROSSWALK_DATABASE_TLS` = `verify`: `verify` or `off`.
    pub tls: Tls,
    /// `CROSSWALK_DATABASE_CA`: a PEM bundle (such as RDS's) to trust beside the system's authorities.
    pub ca: Option<PathBuf>,
    /// `CROSSWALK_DATABASE_POOL` = 1 connection per instance: an instance handles one invocation at a time, and no code
    /// requests a second connection while it holds one.
    pub pool: usize,
    /// `CROSSWALK_DATABASE_CONNECT_MS` = 2000.
    pub connect: Duration,
}

/// Whether a connection is encrypted and its server checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Tls {
    Verify,
    Off,
}

/// Redis. TLS is asked for by the secret's URL (`rediss://`).
#[derive(Debug, Clone)]
pub struct RedisSettings {
    /// `CROSSWALK_REDIS_SECRET`: the secret `{url}`.
    pub secret: String,
    /// `CROSSWALK_REDIS_CLUSTER` = false: whether the server is a cluster.
    pub cluster: bool,
    /// `CROSSWALK_REDIS_PREFIX` = "": stands before every key, so that deployments can share a server.
    pub prefix: String,
    /// `CROSSWALK_REDIS_CONNECT_MS` = 50. With TLS a request waits no longer, and connecting goes on behind it.
    pub connect: Duration,
    /// `CROSSWALK_REDIS_COMMAND_MS` = 50.
    pub command: Duration,
    /// `CROSSWALK_REDIS_BREAKER_MS` = 2000: after a failure Redis is left alone for so long.
    pub breaker: Duration,
}

/// Access tokens.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// `CROSSWALK_SIGNING_KEY_SECRET`: the secret `{kid, privateKey}`; only issue-token may read it.
    pub signing_key_secret: String,
    /// `CROSSWALK_VERIFICATION_KEYS_SECRET`: the secret `{keys}`, a JSON Web Key Set (RFC 7517).
    pub verification_keys_secret: String,
    /// `CROSSWALK_TOKEN_ISSUER` = `crosswalk`.
    pub issuer: String,
    /// `CROSSWALK_TOKEN_AUDIENCE` = `crosswalk`.
    pub audience: String,
    /// `CROSSWALK_TOKEN_SECONDS` = 900.
    pub lifetime: Duration,
}

/// Quotas, and how large a body and how long a request may be.
#[derive(Debug, Clone)]
pub struct Limits {
    /// `CROSSWALK_RATE_LIMIT` = `100/200`: requests a second and burst, for clients without a quota of their own.
    pub requests: Quota,
    /// `CROSSWALK_TOKEN_RATE_PER_CLIENT` = 10 a minute.
    pub tokens_per_client: TokenQuota,
    /// `CROSSWALK_TOKEN_RATE_PER_ADDRESS` = 10 a minute.
    pub tokens_per_address: TokenQuota,
    /// `CROSSWALK_WEBHOOK_RATE` = `500/1000`: webhooks a second and burst, for each connection.
    pub webhooks: Quota,
    /// `CROSSWALK_UNKNOWN_CONNECTION_RATE` = 60 a minute: unknown connections that one address may name, for each
    /// instance.
    pub unknown_connections_per_address: TokenQuota,
    /// `CROSSWALK_BODY_BYTES` = 262144.
    pub body: usize,
    /// `CROSSWALK_BATCH_BODY_BYTES` = 4194304: the same for a batch.
    pub batch_body: usize,
    /// `CROSSWALK_WEBHOOK_BODY_BYTES` = 1048576: the same for a webhook.
    pub webhook_body: usize,
    /// `CROSSWALK_REQUEST_MS` = 8000: shorter than a function's `Timeout`, so that the caller is answered even when a
    /// store hangs and its own time-outs can't be told.
    pub time: Duration,
}

/// The cache of contacts.
#[derive(Debug, Clone)]
pub struct Cache {
    /// `CROSSWALK_CACHE_SECONDS` = 60, tombstones too.
    pub ttl: Duration,
}

/// Contacts.
#[derive(Debug, Clone)]
pub struct Contacts {
    /// `CROSSWALK_PHONE_REGION` = `US`: the region of phone numbers without a country code.
    pub phone_region: String,
}

/// What the event source mapping understands.
#[derive(Debug, Clone)]
pub struct Consumers {
    /// `CROSSWALK_BATCH_ITEM_FAILURES` = false: whether the mapping reads which records failed (`ReportBatchItemFailures`).
    /// Where it doesn't, the reply that names them would be taken for success.
    pub item_failures: bool,
}

/// How CRMs are treated.
#[derive(Debug, Clone)]
pub struct Crms {
    /// `CROSSWALK_CRM_RATE` = `10/10`: calls a second and burst, for each connection.
    pub rate: Quota,
    /// `CROSSWALK_CRM_PRIVATE` = false: whether a CRM may be at an address that is not public, and may be spoken to in the
    /// clear.
    pub private: bool,
    /// `CROSSWALK_CRM_CALL_MS` = 5000: the longest that a call may take.
    pub call: Duration,
    /// `CROSSWALK_CRM_CALLS` = 4 at once, for each connection.
    pub calls: usize,
    /// `CROSSWALK_CRM_PUSH_MS` = 5000: how long an invocation begins calls of one connection; the rest comes round again.
    pub push: Duration,
    /// `CROSSWALK_CRM_RETRY_MS` = 1000: the pause after a first failure. It doubles, …
    pub retry: Duration,
    /// `CROSSWALK_CRM_RETRY_MAX_MS` = 900000: … up to this.
    pub retry_max: Duration,
    /// `CROSSWALK_CRM_GIVE_UP_SECONDS` = 86400: what has failed for so long is dead.
    pub give_up: Duration,
    /// `CROSSWALK_CRM_CLAIM_MS` = 90000: how long whoever writes a contact has it alone. It is longer than the function's
    /// `Timeout`.
    pub claim: Duration,
}

/// How long what is over is kept.
#[derive(Debug, Clone)]
pub struct Retention {
    /// `CROSSWALK_RETENTION_CONTACT_DAYS` = 30: deleted contacts, which so long can be restored.
    pub contacts: Duration,
    /// `CROSSWALK_RETENTION_WEBHOOK_DAYS` = 30: webhooks that are done with.
    pub webhooks: Duration,
    /// `CROSSWALK_RETENTION_EVENT_DAYS` = 400: published events, which are a contact's history.
    pub events: Duration,
}

/// So many requests a second on average, and so many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Quota {
    pub per_second: u32,
    pub burst: u32,
}

/// So many requests a minute, at once or one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenQuota {
    /// How many.
    pub per_minute: u32,
}

impl Database {
    pub(super) fn read(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            secret: env.text("CROSSWALK_DATABASE_SECRET"),
            admin_secret: env.text("CROSSWALK_DATABASE_ADMIN_SECRET"),
            host: env.parse_if_set("CROSSWALK_DATABASE_HOST")?,
            port: env.parse_if_set("CROSSWALK_DATABASE_PORT")?,
            name: env.parse_if_set("CROSSWALK_DATABASE_NAME")?,
            tls: env.parse("CROSSWALK_DATABASE_TLS", Tls::Verify)?,
            ca: env.get("CROSSWALK_DATABASE_CA").map(PathBuf::from),
            pool: env.parse("CROSSWALK_DATABASE_POOL", 1)?,
            connect: env.millis("CROSSWALK_DATABASE_CONNECT_MS", 2_000)?,
        })
    }
}

impl RedisSettings {
    pub(super) fn read(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            secret: env.text("CROSSWALK_REDIS_SECRET"),
            cluster: env.parse("CROSSWALK_REDIS_CLUSTER", false)?,
            prefix: env.text("CROSSWALK_REDIS_PREFIX"),
            connect: env.millis("CROSSWALK_REDIS_CONNECT_MS", 50)?,
            command: env.millis("CROSSWALK_REDIS_COMMAND_MS", 50)?,
            breaker: env.millis("CROSSWALK_REDIS_BREAKER_MS", 2_000)?,
        })
    }
}

impl Tokens {
    pub(super) fn read(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            signing_key_secret: env.text("CROSSWALK_SIGNING_KEY_SECRET"),
            verification_keys_secret: env.text("CROSSWALK_VERIFICATION_KEYS_SECRET"),
            issuer: env.parse("CROSSWALK_TOKEN_ISSUER", "crosswalk".to_owned())?,
            audience: env.parse("CROSSWALK_TOKEN_AUDIENCE", "crosswalk".to_owned())?,
            lifetime: env.seconds("CROSSWALK_TOKEN_SECONDS", 900)?,
        })
    }
}

impl Limits {
    pub(super) fn read(env: &Env) -> Result<Self, ConfigError> {
        let per_minute = TokenQuota { per_minute: 10 };
        Ok(Self {
            requests: env.parse("CROSSWALK_RATE_LIMIT", Quota { per_second: 100, burst: 200 })?,
            tokens_per_client: env.parse("CROSSWALK_TOKEN_RATE_PER_CLIENT", per_minute)?,
            tokens_per_address: env.parse("CROSSWALK_TOKEN_RATE_PER_ADDRESS", per_minute)?,
            webhooks: env.parse("CROSSWALK_WEBHOOK_RATE", Quota { per_second: 500, burst: 1_000 })?,
            unknown_connections_per_address: env
                .parse("CROSSWALK_UNKNOWN_CONNECTION_RATE", TokenQuota { per_minute: 60 })?,
            body: env.parse("CROSSWALK_BODY_BYTES", 256 * 1024)?,
            batch_body: env.parse("CROSSWALK_BATCH_BODY_BYTES", 4 * 1024 * 1024)?,
            webhook_body: env.parse("CROSSWALK_WEBHOOK_BODY_BYTES", 1024 * 1024)?,
            time: env.millis("CROSSWALK_REQUEST_MS", 8_000)?,
        })
    }
}

impl Cache {
    pub(super) fn read(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { ttl: env.seconds("CROSSWALK_CACHE_SECONDS", 60)? })
    }
}

impl Contacts {
    pub(super) fn read(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { phone_region: env.parse("CROSSWALK_PHONE_REGION", "US".to_owned())? })
    }
}

impl Consumers {
    pub(super) fn read(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { item_failures: env.parse("CROSSWALK_BATCH_ITEM_FAILURES", false)? })
    }
}

impl Crms {
    pub(super) fn read(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            rate: env.parse("CROSSWALK_CRM_RATE", Quota { per_second: 10, burst: 10 })?,
            private: env.parse("CROSSWALK_CRM_PRIVATE", false)?,
            call: env.millis("CROSSWALK_CRM_CALL_MS", 5_000)?,
            calls: env.parse("CROSSWALK_CRM_CALLS", 4)?,
            push: env.millis("CROSSWALK_CRM_PUSH_MS", 5_000)?,
            retry: env.millis("CROSSWALK_CRM_RETRY_MS", 1_000)?,
            retry_max: env.millis("CROSSWALK_CRM_RETRY_MAX_MS", 900_000)?,
            give_up: env.seconds("CROSSWALK_CRM_GIVE_UP_SECONDS", 86_400)?,
            claim: env.millis("CROSSWALK_CRM_CLAIM_MS", 90_000)?,
        })
    }
}

impl Retention {
    pub(super) fn read(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            contacts: env.days("CROSSWALK_RETENTION_CONTACT_DAYS", 30)?,
            webhooks: env.days("CROSSWALK_RETENTION_WEBHOOK_DAYS", 30)?,
            events: env.days("CROSSWALK_RETENTION_EVENT_DAYS", 400)?,
        })
    }
}

impl FromStr for Tls {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "verify" => Ok(Self::Verify),
            "off" => Ok(Self::Off),
            _ => Err(()),
        }
    }
}

impl FromStr for Quota {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (per_second, burst) = text.split_once('/').ok_or(())?;
        match (per_second.parse(), burst.parse()) {
            (Ok(per_second), Ok(burst)) if per_second > 0 && burst > 0 => Ok(Self { per_second, burst }),
            _ => Err(()),
        }
    }
}

impl FromStr for TokenQuota {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text.parse() {
            Ok(per_minute) if per_minute > 0 => Ok(Self { per_minute }),
            _ => Err(()),
        }
    }
}
