//! The services, which localstack/local.sh starts and kills, by Docker or natively.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

/// Kills a service with all that it has in memory, as a crash would.
pub async fn kill(service: &str) {
    local(&["services", "kill", service]).await;
}

/// Starts all that do not run, and returns when they answer.
pub async fn up() {
    local(&["services", "up"]).await;
}

async fn local(arguments: &[&str]) {
    let script = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../localstack/local.sh"));
    let mut command = Command::new(script);
    let command = command.args(arguments).stdin(Stdio::null());
    let done = command.output().await.unwrap_or_else(|error| panic!("{}: {error}", script.display()));
    let said = |output: &[u8]| String::from_utf8_lossy(output).into_owned();
    assert!(done.status.success(), "{arguments:?}: {}{}", said(&done.stdout), said(&done.stderr));
}
