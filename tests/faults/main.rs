//! What becomes of the application when processes are killed or frozen and services are away, and of the whole as it runs
//! locally.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends there, and its helpers with it")]

mod commit_order;
mod conformance;
mod docs;
mod load;
mod mapping_kill;
mod mapping_outage;
mod metrics;
mod operations;
mod outage_kafka;
mod outage_postgres;
mod outage_redis;
mod outage_secrets;
mod outage_transaction;
mod purge_interrupted;
mod relay_backlog;
mod relay_due;
mod relay_floor;
mod relay_freeze;
mod relay_kill;
mod relay_lease;
mod relay_outage;
mod relay_publish;
mod relay_replay;
mod relay_webhooks;
mod relay_webhooks_order;
mod rotation_kill;
mod shutdown;
mod smoke;
mod stack;
mod sync_both_ways;
mod sync_echo;
mod sync_load;
mod sync_lost;
mod sync_outage;
mod sync_policies;
mod sync_rates;
mod sync_restored;
mod template;
mod traces;
mod watch;
