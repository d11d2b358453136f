//! What the tests and benchmarks stand on. Nothing here stands in for a part of the system: the services are real, the
//! functions are their own binaries, and the faults happen on the wire or to the process.

pub mod account;
pub mod app;
pub mod background;
pub mod collector;
pub mod crm;
pub mod crowd;
pub mod database;
pub mod gateway;
pub mod kafka;
pub mod lists;
pub mod log;
pub mod mapping;
pub mod metrics;
pub mod msk;
pub mod outbox;
pub mod past;
pub mod proxy;
pub mod pushes;
pub mod relay;
pub mod remote;
pub mod role;
pub mod rotation;
pub mod runtime_api;
pub mod services;
pub mod sides;
pub mod tls;
pub mod two_way;
pub mod wait;
pub mod watch;
pub mod webhooks;
