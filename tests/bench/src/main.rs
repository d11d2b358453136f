//! `make bench`.

use clap::Parser;
use crosswalk_bench::{Options, run};

/// One thread: the harness is to wait for the functions, not for itself.
#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    run(Options::parse()).await
}
