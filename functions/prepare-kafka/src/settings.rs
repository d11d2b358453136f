//! The settings. The first words of each comment are the variable and its default.

use std::str::FromStr;

use crosswalk::config::{ConfigError, Env};

/// The settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `CROSSWALK_KAFKA_BROKERS`: `host:port`, separated by commas. Without them Amazon MSK is asked.
    pub brokers: String,
    /// `CROSSWALK_KAFKA_CLUSTER`: the ARN of the cluster to ask for.
    pub cluster: String,
    /// `CROSSWALK_KAFKA_AUTH` = `msk-iam`: `msk-iam`, or `none` for a broker that listens in the clear.
    pub auth: Auth,
    /// `CROSSWALK_CONTACTS_TOPIC` = `crosswalk.contacts`, `CROSSWALK_WEBHOOKS_TOPIC` = `crosswalk.webhooks`.
    pub topics: [String; 2],
}

/// How the brokers know us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// Not at all.
    None,
    /// As the function's role (Amazon MSK's IAM access control), encrypted.
    MskIam,
}

impl Settings {
    /// Reads an environment.
    pub fn read(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            brokers: env.text("CROSSWALK_KAFKA_BROKERS"),
            cluster: env.text("CROSSWALK_KAFKA_CLUSTER"),
            auth: env.parse("CROSSWALK_KAFKA_AUTH", Auth::MskIam)?,
            topics: [
                env.parse("CROSSWALK_CONTACTS_TOPIC", "crosswalk.contacts".to_owned())?,
                env.parse("CROSSWALK_WEBHOOKS_TOPIC", "crosswalk.webhooks".to_owned())?,
            ],
        })
    }
}

impl FromStr for Auth {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "none" => Ok(Self::None),
            "msk-iam" => Ok(Self::MskIam),
            _ => Err(()),
        }
    }
}
