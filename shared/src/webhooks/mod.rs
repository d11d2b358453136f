//! Webhooks of CRMs: who sent one, what becomes of it, and how it is worked once more.

mod authenticate;
mod consume;
mod get;
mod list;
mod receive;
mod replay;
mod work;

pub use authenticate::{Authentic, authenticate, count};
pub use consume::consume;
pub use get::get;
pub use list::{Listing, list};
pub use receive::{Receipt, receive};
pub use replay::{Replay, Replays, replay, replay_all};
pub use work::Worked;

pub use crate::db::webhooks::{Filter, Found, State, Webhook};
