//! Webhooks as they came, each of them its own outbox row.

mod receive;
mod work;

pub use receive::{Received, State, Webhook, receive};
pub use work::{Finished, Waiting, waiting};
