//! Where the services are. The addresses come from the environment that `make test` sets.

use std::env;

/// PostgreSQL, as the superuser, in the maintenance database.
pub fn database_url() -> String {
    address("DATABASE_URL")
}

/// Redis.
pub fn redis_url() -> String {
    address("REDIS_URL")
}

/// The Redis of the CRM's simulator.
pub fn crm_redis_url() -> String {
    address("CRM_REDIS_URL")
}

/// Kafka, directly.
pub fn kafka_brokers() -> String {
    address("KAFKA_BROKERS")
}

/// Kafka behind a proxy: the broker advertises this address for its second listener, and nothing answers there unless
/// [`crate::kafka::proxy`] is up.
pub fn kafka_proxied_brokers() -> String {
    address("KAFKA_PROXIED_BROKERS")
}

/// The broker's second listener, where that proxy leads.
pub fn kafka_proxy_target() -> String {
    address("KAFKA_PROXY_TARGET")
}

/// `LocalStack`, for Secrets Manager.
pub fn aws_endpoint_url() -> String {
    address("AWS_ENDPOINT_URL")
}

/// What an AWS client needs to reach `LocalStack`, as environment for a function.
pub fn aws_environment() -> Vec<(String, String)> {
    ["AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]
        .into_iter()
        .map(|name| (name.to_owned(), address(name)))
        .collect()
}

/// A test without its service fails, for a test that is skipped proves nothing.
fn address(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set, so the tests don't know where the services are. Run `make test`; or start the services \
             with `localstack/local.sh services up`, and then `. .local/services.env` before `cargo test`."
        )
    })
}
