//! Where the services are, as the set-up wrote it into the environment.

use anyhow::{Context, Result, bail};
use tokio_postgres::Config as PgConfig;
use tokio_postgres::config::Host;

/// The services' addresses.
#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) database_url: String,
    pub(crate) database: Database,
    pub(crate) redis_url: String,
    pub(crate) crm_redis_url: String,
    pub(crate) kafka_brokers: String,
    pub(crate) aws_endpoint_url: String,
    pub(crate) aws_region: String,
}

/// The parts of the database's address.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) name: String,
    pub(crate) user: String,
    pub(crate) password: String,
}

impl Services {
    /// Reads them.
    pub(crate) fn from_environment() -> Result<Self> {
        let database_url = variable("DATABASE_URL")?;
        Ok(Self {
            database: Database::parse(&database_url).context("DATABASE_URL")?,
            database_url,
            redis_url: variable("REDIS_URL")?,
            crm_redis_url: variable("CRM_REDIS_URL")?,
            kafka_brokers: variable("KAFKA_BROKERS")?,
            aws_endpoint_url: variable("AWS_ENDPOINT_URL")?,
            aws_region: variable("AWS_REGION")?,
        })
    }
}

impl Database {
    fn parse(url: &str) -> Result<Self> {
        let config: PgConfig = url.parse()?;
        let [Host::Tcp(host)] = config.get_hosts() else { bail!("it must name one host") };
        let text = |value: Option<&str>, what| value.map(str::to_owned).with_context(|| format!("it names no {what}"));
        Ok(Self {
            host: host.clone(),
            port: config.get_ports().first().copied().unwrap_or(5432),
            name: text(config.get_dbname(), "database")?,
            user: text(config.get_user(), "user")?,
            password: text(config.get_password().and_then(|bytes| std::str::from_utf8(bytes).ok()), "password")?,
        })
    }
}

fn variable(name: &str) -> Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set: start the services and `. .local/services.env`"))
}
