//! A function under the Runtime API, as a test sees it.

use std::future::Future;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustix::process::Signal;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::timeout;
use uuid::Uuid;

use super::error::{FunctionError, StartError};
use super::instances::Instances;
use super::launch::Launch;
use super::queue::Invocation;

/// A running function. Clones are handles to the same one; its processes die with the last.
#[derive(Clone)]
pub struct Function {
    instances: Arc<Instances>,
}

impl Function {
    /// Starts one process of the function's binary with this environment and nothing else but what Lambda sets.
    ///
    /// # Panics
    ///
    /// When the binary is missing or out of date, or does not come as far as asking for work.
    pub async fn start<N: Into<String>, V: Into<String>>(
        name: &str,
        environment: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Self::launch(name).environment(environment).start().await
    }

    /// A function whose settings are still open. The name is its binary's; one that begins with `examples/` is an
    /// example of the workspace.
    pub fn launch(name: &str) -> Launch {
        Launch::new(name)
    }

    pub(super) async fn try_start(launch: Launch) -> Result<Self, StartError> {
        let instances = Instances::new(launch);
        instances.fill().await?;
        Ok(Self { instances })
    }

    /// Invokes the function with a JSON event. The invocation is in the queue when this returns, whether or not the
    /// future is ever polled; the future owes nothing to `self` and can be spawned.
    ///
    /// # Panics
    ///
    /// When the answer isn't JSON.
    pub fn invoke(&self, event: &Value) -> impl Future<Output = Result<Value, FunctionError>> + Send + use<> {
        let answer = self.invoke_bytes(Bytes::from(event.to_string()));
        async move {
            let answer = answer.await?;
            Ok(serde_json::from_slice(&answer)
                .unwrap_or_else(|error| panic!("the answer isn't JSON ({error}): {}", answer.escape_ascii())))
        }
    }

    /// As [`Function::invoke`], without a look into the event or the answer.
    pub fn invoke_bytes(&self, event: Bytes) -> impl Future<Output = Result<Bytes, FunctionError>> + Send + use<> {
        let (taken, was_taken) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        let invocation = Invocation { id: Uuid::now_v7(), payload: event, taken, answer };
        self.instances.hand_over(invocation);
        let limit = self.instances.launch.limit;
        async move {
            let gone = |_| Err(FunctionError::exited(None));
            let Ok(expired) = was_taken.await else {
                return answered.await.unwrap_or_else(gone);
            };
            if let Ok(answer) = timeout(limit, answered).await {
                return answer.unwrap_or_else(gone);
            }
            expired.notify_one();
            Err(FunctionError::TimedOut(limit))
        }
    }

    /// Stops every process (SIGSTOP) and returns when all their threads stand still.
    ///
    /// # Panics
    ///
    /// When a process has ended.
    pub async fn freeze(&self) {
        for process in self.instances.running() {
            process.freeze().await;
        }
    }

    /// Lets frozen processes go on (SIGCONT).
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Sends a signal to every process.
    pub fn signal(&self, signal: Signal) {
        for process in self.instances.running() {
            process.signal(signal);
        }
    }

    /// Kills every process (SIGKILL) and returns when they are gone; what they were working on fails with
    /// [`FunctionError::Exited`]. They come back only by [`Function::restart`] or [`Launch::restart_on_exit`].
    pub async fn kill(&self) -> Vec<ExitStatus> {
        let processes = self.instances.running();
        self.signal(Signal::KILL);
        self.instances.ended(processes).await
    }

    /// Waits until the processes that run now have ended of themselves, and says how each did.
    pub async fn exited(&self) -> Vec<ExitStatus> {
        self.instances.ended(self.instances.running()).await
    }

    /// Kills every process and returns when as many new ones ask for work.
    ///
    /// # Panics
    ///
    /// When one doesn't start.
    pub async fn restart(&self) {
        self.kill().await;
        self.fill().await;
    }

    /// Starts as many processes as are missing, and returns when they ask for work.
    ///
    /// # Panics
    ///
    /// When one doesn't start.
    pub async fn fill(&self) {
        self.instances.fill().await.unwrap_or_else(|error| panic!("{error}"));
    }

    /// What each process that runs took from its start to its first question for work.
    pub fn start_times(&self) -> Vec<Duration> {
        self.instances.running().iter().map(|process| process.started_in()).collect()
    }

    /// The ids of the processes that run, for a look at their memory or their CPU time.
    pub fn pids(&self) -> Vec<i32> {
        self.instances.running().iter().map(|process| process.pid()).collect()
    }

    /// Its binary.
    pub fn binary(&self) -> &Path {
        &self.instances.binary
    }

    /// What the function has written to stdout and stderr so far (the last ten thousand lines).
    pub fn log(&self) -> String {
        self.instances.log.text()
    }
}
