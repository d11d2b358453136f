//! One running process of a function.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::error::{FunctionError, StartError};
use super::launch::Launch;
use super::log::Log;
use super::queue::Queue;
use super::server::{Api, Stage};

/// From the start of the process to its first question for work. AWS allows ten seconds.
const START_LIMIT: Duration = Duration::from_secs(10);

pub(super) struct Process {
    pid: Pid,
    started_in: Duration,
    exit: watch::Receiver<Option<ExitStatus>>,
    server: JoinHandle<()>,
    log: Option<thread::JoinHandle<()>>,
}

impl Process {
    /// Starts the binary and returns when it asks for its first invocation.
    pub(super) async fn start(
        launch: &Launch,
        binary: &Path,
        queue: &Arc<Queue>,
        log: &Log,
    ) -> Result<Self, StartError> {
        let failed = |reason: String| StartError { function: launch.name.clone(), reason, log: log.text() };
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| failed(format!("no port: {error}")))?;
        let address = listener.local_addr().map_err(|error| failed(format!("no address: {error}")))?;
        let (output, input) = std::io::pipe().map_err(|error| failed(format!("no pipe for its output: {error}")))?;
        let stdout = input.try_clone().map_err(|error| failed(format!("no pipe for its output: {error}")))?;

        let api = Api::new(&launch.name, launch.limit, Arc::clone(queue));
        let mut stage = api.stage();
        let begin = Instant::now();
        let child = Command::new(binary)
            .env_clear()
            .envs(launch.lambda_environment())
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .envs(launch.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(input)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| failed(format!("{}: {error}", binary.display())))?;
        let pid =
            child.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("a child that was not awaited has an id");

        let (exit_tx, exit) = watch::channel(None);
        tokio::spawn(watch_over(child, pid, Arc::clone(&api), exit_tx));
        let mut process = Self {
            pid,
            started_in: Duration::ZERO,
            exit,
            server: tokio::spawn(Arc::clone(&api).serve(listener)),
            log: Some(log.follow(&format!("{}[{pid}]", launch.name), output)),
        };

        let ready = tokio::time::timeout(START_LIMIT, stage.wait_for(|stage| *stage != Stage::Starting)).await;
        process.started_in = begin.elapsed();
        let reason = match ready.map(|stage| stage.map(|stage| *stage)) {
            Ok(Ok(Stage::Ready)) => return Ok(process),
            Err(_) => format!("it did not ask for work within {START_LIMIT:?}"),
            Ok(_) => match api.init_error() {
                Some(error) => error.to_string(),
                None => format!("it ended first ({})", describe(*process.exit.borrow())),
            },
        };
        // Its last words are in the pipe until the reader is through.
        drop(process);
        Err(failed(reason))
    }

    pub(super) fn started_in(&self) -> Duration {
        self.started_in
    }

    pub(super) fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    pub(super) fn signal(&self, signal: Signal) {
        if self.exit.borrow().is_none() {
            // It may end at any moment, and then there is nobody to tell.
            let _ = kill_process_group(self.pid, signal);
        }
    }

    /// Stops the process and returns when its last thread stands still, which the signal alone doesn't promise.
    pub(super) async fn freeze(&self) {
        self.signal(Signal::STOP);
        let pid = self.pid;
        let stopped = tokio::task::spawn_blocking(move || {
            waitid(WaitId::Pid(pid), WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT)
        });
        let stopped = stopped.await.expect("waiting for a child does not panic");
        assert!(stopped.is_ok(), "the process ended ({}) before it could be frozen", describe(*self.exit.borrow()));
    }

    pub(super) fn exit(&self) -> watch::Receiver<Option<ExitStatus>> {
        self.exit.clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        self.server.abort();
        if let Some(log) = self.log.take() {
            let _ = log.join();
        }
    }
}

/// Reaps the process, kills it when an invocation has passed its limit, and tells all who wait for it.
async fn watch_over(mut child: Child, pid: Pid, api: Arc<Api>, exit: watch::Sender<Option<ExitStatus>>) {
    let status = tokio::select! {
        status = child.wait() => status,
        () = api.expired.notified() => {
            let _ = kill_process_group(pid, Signal::KILL);
            child.wait().await
        }
    };
    let status = status.expect("a child can be awaited");
    exit.send_replace(Some(status));
    api.end(&FunctionError::exited(Some(status)));
}

fn describe(status: Option<ExitStatus>) -> String {
    status.map_or_else(|| "still running".to_owned(), |status| status.to_string())
}
