//! Variables and how they are read.

use std::collections::HashMap;
use std::str::FromStr;
use std::time::Duration;

use super::settings::ConfigError;

/// Environment variables: those of the process, or given ones.
#[derive(Debug, Clone, Default)]
pub struct Env(HashMap<String, String>);

impl Env {
    /// Those of the process. What is not UTF-8 is not ours.
    pub fn process() -> Self {
        Self(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect())
    }

    /// The value, unless it is absent or empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value as text, empty if it is absent.
    pub fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }

    /// The value, parsed, or a default.
    pub fn parse<T: FromStr>(&self, name: &'static str, default: T) -> Result<T, ConfigError> {
        self.parse_if_set(name).map(|value| value.unwrap_or(default))
    }

    /// The value, parsed, if it is there.
    pub fn parse_if_set<T: FromStr>(&self, name: &'static str) -> Result<Option<T>, ConfigError> {
        let parse = |value: &str| value.parse().map_err(|_| ConfigError { name, value: value.to_owned() });
        self.get(name).map(parse).transpose()
    }

    /// A whole number of milliseconds, or a default.
    pub fn millis(&self, name: &'static str, default: u64) -> Result<Duration, ConfigError> {
        self.parse(name, default).map(Duration::from_millis)
    }

    /// A whole number of seconds, or a default.
    pub fn seconds(&self, name: &'static str, default: u64) -> Result<Duration, ConfigError> {
        self.parse(name, default).map(Duration::from_secs)
    }

    /// A whole number of days of 24 hours, at most 65535, or a default.
    pub fn days(&self, name: &'static str, default: u16) -> Result<Duration, ConfigError> {
        self.parse(name, default).map(|days| Duration::from_hours(24) * u32::from(days))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}
