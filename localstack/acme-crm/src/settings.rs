//! What one CRM account is: where it keeps its records, who may log in, where its webhooks go.

use std::fmt;
use std::time::Duration;

/// The settings of one CRM.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The Redis that keeps records and pending webhooks.
    pub redis_url: String,
    /// Stands in braces before every key, so that all of them are in one slot of a cluster; one for each CRM.
    pub prefix: String,
    /// The name to log in with.
    pub username: String,
    /// The password to log in with.
    pub password: String,
    /// Where changes are told. Without it no webhooks are kept, and none are sent later.
    pub webhook: Option<Webhook>,
    /// How many requests a second `/contacts` takes in the long run.
    pub requests_per_second: u32,
    /// How many requests `/contacts` takes at once.
    pub burst: u32,
    /// How long a token is good, in seconds.
    pub token_seconds: u64,
    /// How webhooks are tried again.
    pub retry: Retry,
}

/// A receiver of webhooks.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Where they are posted to.
    pub url: String,
    /// What they are signed with.
    pub secret: String,
}

/// How a webhook that was not taken is sent again: after `first`, then after twice as long each time, up to `most`;
/// each wait is cut by up to a half at random.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// The first wait.
    pub first: Duration,
    /// The longest wait.
    pub most: Duration,
    /// How often it is sent before it counts as failed.
    pub tries: u32,
    /// How long the receiver may take to answer.
    pub answer: Duration,
}

impl Settings {
    /// An account `crosswalk` with the password `crosswalk`, no webhook, and the defaults for the rest: 20 requests a
    /// second, 40 at once, tokens of an hour.
    pub fn new(redis_url: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self {
            redis_url: redis_url.into(),
            prefix: prefix.into(),
            username: "crosswalk".to_owned(),
            password: "crosswalk".to_owned(),
            webhook: None,
            requests_per_second: 20,
            burst: 40,
            token_seconds: 3600,
            retry: Retry::default(),
        }
    }
}

impl Default for Retry {
    /// From 250 ms to 30 s, ten times, 5 s for an answer.
    fn default() -> Self {
        Self {
            first: Duration::from_millis(250),
            most: Duration::from_secs(30),
            tries: 10,
            answer: Duration::from_secs(5),
        }
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Webhook").field("url", &self.url).finish_non_exhaustive()
    }
}
