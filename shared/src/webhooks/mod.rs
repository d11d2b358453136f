//! Webhooks of CRMs: who sent one, and what becomes of it.

mod authenticate;
mod consume;
mod receive;
mod work;

pub use authenticate::{Authentic, authenticate, count};
pub use consume::consume;
pub use receive::{Receipt, receive};
pub use work::{Worked, work};
