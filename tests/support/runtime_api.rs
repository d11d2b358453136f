//! A small Lambda Runtime API: it starts a function's own binary, hands it invocations and takes its answers, as the
//! sandbox does on AWS (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>).
//!
//! Unlike `cargo lambda watch` it can kill, freeze and restart what it runs, holds it to its time limit, gives a real
//! deadline, and knows no limit of waiting invocations. Each process has a server of its own, so that a dead process
//! can never take an invocation meant for its successor.

mod binary;
mod error;
mod function;
mod instances;
mod launch;
mod log;
mod process;
mod queue;
mod server;

pub(crate) use binary::{find as find_binary, profile_folder};
pub use error::{FunctionError, StartError};
pub use function::Function;
pub use launch::Launch;
pub use log::keep_quiet;
pub use rustix::process::Signal;
