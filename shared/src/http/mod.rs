//! Requests and answers. Everything that knows a status code, a header or a media type is here.

mod admission;
mod batch;
mod body;
mod conditional;
mod exchange;
mod file;
mod form;
mod idempotency;
mod listing;
mod oauth;
mod path;
mod problem;
mod query;
mod record;
mod responses;
mod sender;
mod sync;
mod webhooks;

/// A request as the runtime hands it over.
pub type Request = lambda_http::Request;

/// An answer as the runtime takes it.
pub type Response = lambda_http::Response<lambda_http::Body>;

pub use admission::bearer_token;
pub use batch::{batch, multi_status};
pub use body::{body, body_within, expected, merge_patch, no_body};
pub use conditional::{if_match, matches_none};
pub use exchange::Exchange;
pub use file::{File, file};
pub use form::{Form, credentials, form};
pub use idempotency::{MAX_KEY, idempotency_key};
pub use listing::listing;
pub use path::{contact_id, remote_key};
pub use problem::{code, refusal};
pub use query::{DEFAULT_LIMIT, MAX_ID, MAX_LIMIT, shown, window};
pub use record::{put, record, remote};
pub use responses::{accepted, changed, created, deleted, found, granted, health, json, ok, page, public_keys};
pub use sender::{received, signed_body, traceparent};
pub use sync::{conflict_listing, failure_id, failure_listing};
pub use webhooks::{MAX_TYPE, named_webhook, webhook, webhook_id, webhook_listing};
