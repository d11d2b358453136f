//! The two files that say how to reach everything: one for people and tests, one for the functions.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::acme;
use crate::rows::{CONNECTION, Clients};
use crate::services::Services;

type Variables = Vec<(String, String)>;

/// What the functions get: names of secrets and settings, and how to reach the local Secrets Manager.
pub(crate) fn functions(services: &Services) -> Variables {
    let variables = [
        ("CROSSWALK_DATABASE_SECRET", "crosswalk/local/database"),
        ("CROSSWALK_DATABASE_ADMIN_SECRET", "crosswalk/local/database-admin"),
        ("CROSSWALK_DATABASE_TLS", "off"),
        ("CROSSWALK_REDIS_SECRET", "crosswalk/local/redis"),
        ("CROSSWALK_REDIS_CLUSTER", "true"),
        // A machine that builds and runs everything at once, without optimisation, is slower than a data centre.
        ("CROSSWALK_REDIS_CONNECT_MS", "1000"),
        ("CROSSWALK_REDIS_COMMAND_MS", "500"),
        ("CROSSWALK_SIGNING_KEY_SECRET", "crosswalk/local/signing-key"),
        ("CROSSWALK_VERIFICATION_KEYS_SECRET", "crosswalk/local/verification-keys"),
        ("CROSSWALK_TOKEN_RATE_PER_ADDRESS", "60000"),
        ("CROSSWALK_KAFKA_BROKERS", &services.kafka_brokers),
        ("CROSSWALK_KAFKA_AUTH", "none"),
        // The mock of the CRM is on this machine.
        ("CROSSWALK_CRM_PRIVATE", "true"),
        ("AWS_ENDPOINT_URL", &services.aws_endpoint_url),
        ("AWS_REGION", &services.aws_region),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ];
    owned(&variables)
}

/// What people and tests get.
pub(crate) fn people(services: &Services, clients: &Clients, url: &str, crm_url: &str) -> Variables {
    let variables = [
        ("CROSSWALK_URL", url),
        ("CROSSWALK_CLIENT_ID", clients.first.id),
        ("CROSSWALK_CLIENT_SECRET", clients.first.secret.reveal()),
        ("CROSSWALK_OTHER_CLIENT_ID", clients.other.id),
        ("CROSSWALK_OTHER_CLIENT_SECRET", clients.other.secret.reveal()),
        ("CROSSWALK_CONNECTION", CONNECTION),
        ("CROSSWALK_WEBHOOK_SECRET", acme::WEBHOOK_SECRET),
        ("ACME_URL", crm_url),
        ("ACME_USERNAME", acme::USERNAME),
        ("ACME_PASSWORD", acme::PASSWORD),
        ("ACME_WEBHOOK_SECRET", acme::WEBHOOK_SECRET),
        ("DATABASE_URL", &services.database_url),
        ("REDIS_URL", &services.redis_url),
        ("CRM_REDIS_URL", &services.crm_redis_url),
        ("KAFKA_BROKERS", &services.kafka_brokers),
        ("AWS_ENDPOINT_URL", &services.aws_endpoint_url),
        ("AWS_REGION", &services.aws_region),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ];
    owned(&variables)
}

/// Writes a file as a whole or not at all, readable by its owner alone.
pub(crate) fn write(path: &Path, before_each: &str, variables: &Variables) -> Result<()> {
    let text: Vec<_> = variables.iter().map(|(name, value)| format!("{before_each}{name}={value}\n")).collect();
    let beside = path.with_extension("new");
    let written = || -> std::io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(text.concat().as_bytes())?;
        fs::rename(&beside, path)
    };
    written().with_context(|| format!("write {}", path.display()))
}

/// The value that an earlier run wrote into a file.
pub(crate) fn read(path: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("export ")?.strip_prefix(name)?.strip_prefix('='));
    line.map(str::to_owned)
}

fn owned(variables: &[(&str, &str)]) -> Variables {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
