//! Configuration: one struct per concern, read from the environment once, at start.
//!
//! The environment names secrets; it never holds one. Every variable has a default that fits production, but for names
//! and addresses, which have none.

mod aws;
mod env;
pub mod secrets;
mod settings;
mod versions;

pub use aws::aws;
pub use env::Env;
pub use secrets::Secrets;
pub use settings::{
    Cache, ConfigError, Consumers, Contacts, Crms, Database, Limits, Quota, RedisSettings, Retention, Tls, TokenQuota,
    Tokens,
};
pub use versions::{Stage, Versions};

/// All of it.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "one member per concern")]
pub struct Config {
    pub database: Database,
    pub redis: RedisSettings,
    pub tokens: Tokens,
    pub limits: Limits,
    pub cache: Cache,
    pub contacts: Contacts,
    pub consumers: Consumers,
    pub crms: Crms,
    pub retention: Retention,
}

impl Config {
    /// Reads the environment of the process.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&Env::process())
    }

    /// Reads a given environment.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            database: Database::read(env)?,
            redis: RedisSettings::read(env)?,
            tokens: Tokens::read(env)?,
            limits: Limits::read(env)?,
            cache: Cache::read(env)?,
            contacts: Contacts::read(env)?,
            consumers: Consumers::read(env)?,
            crms: Crms::read(env)?,
            retention: Retention::read(env)?,
        })
    }
}
