//! A relay for a test's application: the function's own binary, and a topic of the test's own that it publishes to.

use std::future::Future;
use std::time::Duration;

use serde_json::{Value, json};

use crate::app::TestApp;
use crate::kafka::Topic;
use crate::runtime_api::{Function, FunctionError};
use crate::services;

/// How long an invocation may take: longer than any test.
const TIME_LIMIT: Duration = Duration::from_mins(10);

/// How the relays of a test are started.
#[derive(Debug, Clone)]
pub struct Relays {
    environment: Vec<(String, String)>,
}

impl Relays {
    /// Relays of this application that publish to this topic. Unless set otherwise a shift lasts longer than any test, and
    /// a lease as short as a busy machine allows.
    pub fn of(test: &TestApp, topic: &Topic) -> Self {
        let relays = Self { environment: test.environment.clone() };
        relays
            .setting("CROSSWALK_KAFKA_BROKERS", &services::kafka_brokers())
            .setting("CROSSWALK_KAFKA_AUTH", "none")
            .setting("CROSSWALK_CONTACTS_TOPIC", topic.name())
            .setting("CROSSWALK_WEBHOOKS_TOPIC", topic.name())
            .setting("CROSSWALK_SHIFT_SECONDS", "300")
            .setting("CROSSWALK_LEASE_MS", "2000")
    }

    /// Sets a variable of their environment.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(given, _)| given != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Their environment.
    pub fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// Has them reach the broker by the address that leads nowhere unless [`crate::kafka::proxy`] is up.
    #[must_use]
    pub fn behind_the_kafka_proxy(self) -> Self {
        self.setting("CROSSWALK_KAFKA_BROKERS", &services::kafka_proxied_brokers())
    }

    /// Starts one, which waits for its first shift.
    ///
    /// # Panics
    ///
    /// When it does not come so far.
    pub async fn start(&self) -> Relay {
        let launch = Function::launch("relay-outbox").environment(self.environment.clone()).time_limit(TIME_LIMIT);
        Relay { function: launch.start().await }
    }

    /// Starts one and its first shift.
    ///
    /// # Panics
    ///
    /// As [`Relays::start`].
    pub async fn work(&self) -> Relay {
        let relay = self.start().await;
        drop(relay.shift());
        relay
    }
}

/// A running relay.
#[derive(Clone)]
pub struct Relay {
    /// Its process.
    pub function: Function,
}

impl Relay {
    /// Begins a shift, whose report may be awaited.
    pub fn shift(&self) -> impl Future<Output = Result<Value, FunctionError>> + Send + use<> {
        self.function.invoke(&json!({}))
    }

    /// Whether it has logged this message.
    pub fn said(&self, message: &str) -> bool {
        self.function.log().contains(message)
    }
}
