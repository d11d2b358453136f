//! The settings of the smoke test: `--url`, and variables of the environment.

use std::env;

use url::Url;

use crate::settings::Credentials;

/// The settings. Secrets are never shown.
pub struct Settings {
    /// `--url` or `CROSSWALK_URL`
    pub url: Url,
    /// `CROSSWALK_CLIENT_ID` and `CROSSWALK_CLIENT_SECRET`
    pub client: Credentials,
    /// `CROSSWALK_CONNECTION`
    pub connection: String,
    /// `CROSSWALK_WEBHOOK_SECRET`
    pub webhook_secret: String,
}

/// Why the smoke test cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{name} is not set: it is {meaning}. For the local stack, `make up` writes it to .local/env")]
    Missing { name: &'static str, meaning: &'static str },
    #[error("{0:?} is not an http or https address such as https://abc.execute-api.us-east-1.amazonaws.com")]
    BadUrl(String),
}

const URL: (&str, &str) = ("--url or CROSSWALK_URL", "the output ApiUrl of the stack");
const CLIENT_ID: (&str, &str) =
    ("CROSSWALK_CLIENT_ID", "the id of a client with the scopes contacts:read and contacts:write");
const CLIENT_SECRET: (&str, &str) =
    ("CROSSWALK_CLIENT_SECRET", "the client's secret, which is known only since the client was created");
const CONNECTION: (&str, &str) = ("CROSSWALK_CONNECTION", "the id of a connection of the client's tenant");
const WEBHOOK_SECRET: (&str, &str) =
    ("CROSSWALK_WEBHOOK_SECRET", "`webhookSecret` in the connection's secret in Secrets Manager");

impl Settings {
    /// `url` is that of the command line.
    pub fn read(url: Option<String>) -> Result<Self, SettingsError> {
        Self::from(url, |name| env::var(name).ok())
    }

    fn from(url: Option<String>, variable: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let given = |value: Option<String>, (name, meaning)| {
            value.filter(|value| !value.is_empty()).ok_or(SettingsError::Missing { name, meaning })
        };
        let set = |(name, meaning)| given(variable(name), (name, meaning));
        let url = given(url.or_else(|| variable("CROSSWALK_URL")), URL)?;
        let parsed = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        Ok(Self {
            url: parsed.ok_or(SettingsError::BadUrl(url))?,
            client: Credentials { id: set(CLIENT_ID)?, secret: set(CLIENT_SECRET)? },
            connection: set(CONNECTION)?,
            webhook_secret: set(WEBHOOK_SECRET)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    const ALL: [&str; 5] = [
        "CROSSWALK_URL",
        "CROSSWALK_CLIENT_ID",
        "CROSSWALK_CLIENT_SECRET",
        "CROSSWALK_CONNECTION",
        "CROSSWALK_WEBHOOK_SECRET",
    ];

    fn variable(name: &str) -> Option<String> {
        ALL.contains(&name).then(|| if name == "CROSSWALK_URL" { "http://set" } else { "set" }.to_owned())
    }

    #[test]
    fn missing_setting_is_named_with_its_meaning() {
        for missing in ALL {
            let error = Settings::from(None, |name| variable(name).filter(|_| name != missing)).err().unwrap();
            let text = error.to_string();
            assert!(text.contains(missing) && text.contains("it is "), "{text}");
        }
        assert!(Settings::from(None, variable).is_ok());
    }

    #[test]
    fn url_of_the_command_line_comes_first_and_must_be_http() {
        let url = |url: &str| Settings::from(Some(url.to_owned()), variable).map(|settings| settings.url.to_string());
        assert_eq!(url("https://example.com").unwrap(), "https://example.com/");
        for wrong in ["example.com", "ftp://example.com", "http://"] {
            assert!(url(wrong).is_err(), "{wrong}");
        }
    }
}
