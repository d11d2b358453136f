//! What every Crosswalk function shares.
//!
//! Imports flow one way: `entry` → `http` → use cases (`contacts`, `sync`, `webhooks`, `tokens`, `admission`,
//! `health`, `schema`, `purge`, `parked`, `rotation`) → `app` → `remote` → `db`, `cache`, `auth`, `rate` → `events`,
//! `mapping`, `paging`, `config` → `contact` → `telemetry` → `error`, `clock`, `json`, `breaker`, `id`, `source`. SQL
//! is only in `db`, status codes are only in `http`, transactions are opened only by use cases. A test reads the
//! `use` lines and says so.

pub mod admission;
pub mod app;
pub mod auth;
pub mod breaker;
pub mod cache;
pub mod clock;
pub mod config;
pub mod contact;
pub mod contacts;
pub mod db;
pub mod entry;
pub mod error;
pub mod events;
pub mod health;
pub mod http;
pub mod id;
pub mod json;
pub mod mapping;
pub mod paging;
pub mod parked;
pub mod purge;
pub mod rate;
pub mod remote;
pub mod rotation;
pub mod schema;
pub mod source;
pub mod sync;
pub mod telemetry;
pub mod tokens;
pub mod webhooks;

pub use app::{App, Need};
pub use auth::{Caller, Scope};
pub use error::{Error, Result};
pub use http::{Request, Response};
