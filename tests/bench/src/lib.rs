//! The benchmark: it starts each function's own binary under the Lambda Runtime API, several at once where that matters,
//! over real PostgreSQL, Redis and Kafka, and holds each figure against a floor that was measured in the same run.

mod events;
mod latency;
mod lists;
mod machine;
mod measure;
mod options;
mod page;
mod progress;
mod report;
mod requests;
mod start;
mod tape;
mod world;

use std::process::ExitCode;

pub use options::{Name, Options};
use support::runtime_api;

/// Runs the parts that were asked for, prints their tables and writes them down. A budget that is missed is told, and is no
/// failure: figures are the machine's too.
///
/// # Panics
///
/// When the repository is gone.
pub async fn run(options: Options) -> ExitCode {
    // `cargo bench` starts it in the package's own folder.
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).expect("the repository is there");
    runtime_api::keep_quiet();
    let mut parts = Vec::new();
    for name in options.chosen() {
        let part = match name {
            Name::Start => start::run(&options).await,
            Name::Requests => requests::run(&options).await,
            Name::Lists => lists::run(&options).await,
            Name::Events => events::run(&options).await,
            Name::Latency => latency::run(&options).await,
        };
        progress::say(&format!("\n{}", part.markdown()));
        parts.push(part);
    }
    progress::say(&format!("\n{}", report::budgets(&parts).markdown()));
    match page::write(&options, &parts) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress::say(&format!("the results could not be written: {error}"));
            ExitCode::FAILURE
        }
    }
}
