//! What the tour must know, from the environment.

use std::env;

use url::Url;

/// The settings. Secrets are shown nowhere.
pub struct Settings {
    /// `CROSSWALK_URL`
    pub url: Url,
    /// `CROSSWALK_CLIENT_ID` and `CROSSWALK_CLIENT_SECRET`
    pub client: Credentials,
    /// `CROSSWALK_OTHER_CLIENT_ID` and `CROSSWALK_OTHER_CLIENT_SECRET`: of another tenant.
    pub other_client: Credentials,
    /// `CROSSWALK_CONNECTION`: a CRM account of the client's tenant.
    pub connection: String,
    /// `ACME_URL`
    pub crm_url: Url,
    /// `ACME_USERNAME` and `ACME_PASSWORD`: the connection's account at the CRM.
    pub crm_user: Credentials,
    /// `KAFKA_BROKERS`
    pub brokers: String,
}

/// What a client proves itself with.
pub struct Credentials {
    pub id: String,
    pub secret: String,
}

/// Why the tour can't begin.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{0} is not set; start Crosswalk with `make up`, then read its settings with `. .local/env`")]
    Missing(&'static str),
    #[error("{0} is not an address such as http://127.0.0.1:19000: {1}")]
    BadUrl(&'static str, url::ParseError),
}

impl Settings {
    pub fn from_environment() -> Result<Self, SettingsError> {
        Ok(Self {
            url: address("CROSSWALK_URL")?,
            client: Credentials { id: variable("CROSSWALK_CLIENT_ID")?, secret: variable("CROSSWALK_CLIENT_SECRET")? },
            other_client: Credentials {
                id: variable("CROSSWALK_OTHER_CLIENT_ID")?,
                secret: variable("CROSSWALK_OTHER_CLIENT_SECRET")?,
            },
            connection: variable("CROSSWALK_CONNECTION")?,
            crm_url: address("ACME_URL")?,
            crm_user: Credentials { id: variable("ACME_USERNAME")?, secret: variable("ACME_PASSWORD")? },
            brokers: variable("KAFKA_BROKERS")?,
        })
    }
}

fn address(name: &'static str) -> Result<Url, SettingsError> {
    variable(name)?.parse().map_err(|error| SettingsError::BadUrl(name, error))
}

fn variable(name: &'static str) -> Result<String, SettingsError> {
    env::var(name).ok().filter(|value| !value.is_empty()).ok_or(SettingsError::Missing(name))
}
