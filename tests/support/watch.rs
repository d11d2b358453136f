//! `cargo lambda watch` itself, with the routes of template.yaml: the application as `make run` has it, for one test.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::timeout;
use triggers::router;
use triggers::template::Template;

use crate::background;
use crate::runtime_api::find_binary;

/// How long it may take to end with all its functions.
const END_LIMIT: Duration = Duration::from_secs(20);

/// A running emulator. It ends with the test, and all its functions with it.
pub struct Watch {
    child: Option<Child>,
    url: String,
    folder: TempDir,
}

impl Watch {
    /// Starts it on a free port, with this environment for the functions.
    ///
    /// # Panics
    ///
    /// When cargo-lambda or a function's binary is missing, or the template can't be read.
    pub async fn start(environment: &[(String, String)]) -> Self {
        let template = Template::read(repository().join("template.yaml"));
        let template = template.unwrap_or_else(|error| panic!("template.yaml: {error}"));
        let binaries: Vec<_> = template.functions().keys().map(|name| find_binary(name)).collect();
        let binaries =
            binaries.first().and_then(|binary| binary.parent()).expect("the template has functions").to_owned();

        let folder = TempDir::with_prefix("crosswalk-watch-").expect("a folder for temporary files");
        let (router, variables) = (folder.path().join("router.toml"), folder.path().join("functions.env"));
        let log = fs::File::create(folder.path().join("log")).expect("a file in our own folder");
        fs::write(&router, router::toml(template.routes()).expect("routes make a table")).expect("as above");
        // The file's values have no `=`, as a filter of logs does.
        let plain = environment.iter().filter(|(_, value)| !value.contains('='));
        let lines: Vec<_> = plain.map(|(name, value)| format!("{name}={value}")).collect();
        fs::write(&variables, lines.join("\n")).expect("as above");

        let port = free_port();
        let mut command = Command::new(cargo_lambda());
        command
            .args(["lambda", "watch", "--ignore-changes", "--disable-cors", "--concurrency", "2"])
            .args(["--invoke-address", "127.0.0.1", "--invoke-port", &port.to_string()])
            .arg("--manifest-path")
            .arg(repository().join("Cargo.toml"))
            .arg("--env-file")
            .arg(&variables)
            .arg("--global")
            .arg(&router)
            // It searches all of its working folder whenever it starts a function, target/ too.
            .current_dir(folder.path())
            // Functions are run as they were built: see localstack/watch/cargo.
            .env("PATH", path())
            .env("CROSSWALK_CARGO", cargo())
            .env("CROSSWALK_BINARIES", binaries)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            .process_group(0)
            .kill_on_drop(true);
        // On the runtime that stays, for the end comes after the test's own.
        let child = background::spawn(async move { command.spawn() }).await.expect("spawning does not panic");
        let child = child.unwrap_or_else(|error| panic!("cargo-lambda does not start: {error}"));
        Self { child: Some(child), url: format!("http://127.0.0.1:{port}"), folder }
    }

    /// Where it answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Asks it to end, and waits for that: `None` if it had to be killed.
    pub async fn stop(mut self) -> Option<ExitStatus> {
        let child = self.child.take()?;
        background::spawn(end(child)).await.ok().flatten()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(child) = self.child.take() {
            background::block_on(end(child));
        }
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        log.lines().for_each(crate::log::keep);
        if std::thread::panicking() {
            eprintln!("--- cargo lambda watch ---\n{log}--- end ---");
        }
    }
}

/// It ends its functions when it is asked to end; when it is killed they end a moment later, for nobody answers them.
async fn end(mut child: Child) -> Option<ExitStatus> {
    let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()))?;
    let _ = kill_process(pid, Signal::TERM);
    if let Ok(status) = timeout(END_LIMIT, child.wait()).await {
        return status.ok();
    }
    let _ = kill_process_group(pid, Signal::KILL);
    let _ = child.wait().await;
    None
}

fn cargo_lambda() -> PathBuf {
    let installed = repository().join(".local/tools/python/bin/cargo-lambda");
    let path = env::var_os("CROSSWALK_CARGO_LAMBDA").map_or(installed, PathBuf::from);
    assert!(
        path.is_file(),
        "{} is missing. Run `make test`, which installs it, or name another in CROSSWALK_CARGO_LAMBDA.",
        path.display()
    );
    path
}

/// Cargo by its path, since its name is going to lead to localstack/watch/cargo.
fn cargo() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places = env::split_paths(&path).map(|folder| folder.join("cargo"));
    places.find(|place| place.is_file()).expect("cargo is on the PATH of whoever runs tests")
}

fn path() -> String {
    let path = env::var("PATH").unwrap_or_default();
    format!("{}:{path}", repository().join("localstack/watch").display())
}

/// A port that nobody has now. Somebody else may have it a moment later, and then the emulator doesn't start and says so.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
