//! Schedules: when they fire, what they send, and how their invocations are kept apart.

mod delivery;
mod event;
mod expression;
mod runner;
#[cfg(test)]
mod tests;

pub use self::{
    expression::{Expression, ExpressionError},
    runner::{Clock, run},
};
