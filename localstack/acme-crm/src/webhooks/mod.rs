//! Webhooks: what tells of a change, its way into the queue, out to the receiver, and again until it is taken.

mod by_hand;
mod delivery;
mod dispatcher;
mod send;

pub(crate) use by_hand::{ByHand, send_once};
pub(crate) use delivery::{Delivery, Event, State};
pub(crate) use dispatcher::dispatch;
pub use send::signature;
