//! How a function is to be started.

use std::time::Duration;

use super::error::StartError;
use super::function::Function;

/// A function's settings, as template.yaml has them on AWS. Made by [`Function::launch`].
#[derive(Debug, Clone)]
pub struct Launch {
    pub(super) name: String,
    /// The binary's path beside the running executable.
    pub(super) binary: String,
    pub(super) environment: Vec<(String, String)>,
    pub(super) limit: Duration,
    pub(super) instances: usize,
    pub(super) restart: Restart,
}

/// What happens when a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Restart {
    Never,
    OnExit,
}

impl Launch {
    pub(super) fn new(binary: &str) -> Self {
        Self {
            name: binary.rsplit('/').next().unwrap_or(binary).to_owned(),
            binary: binary.to_owned(),
            environment: Vec::new(),
            limit: Duration::from_secs(30),
            instances: 1,
            restart: Restart::Never,
        }
    }

    /// Adds to the environment. Nothing else is in it but what Lambda sets: a test's own environment stays out.
    #[must_use]
    pub fn environment<N: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.environment.extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// How long an invocation may take before its process is killed; 30 s unless set.
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// How many processes share the invocations; 1 unless set. Each works on one invocation at a time.
    #[must_use]
    pub fn instances(mut self, instances: usize) -> Self {
        self.instances = instances;
        self
    }

    /// Starts a new process whenever one ends, as Lambda does for the next invocation.
    #[must_use]
    pub fn restart_on_exit(mut self) -> Self {
        self.restart = Restart::OnExit;
        self
    }

    /// Starts the function and returns when each process asks for its first invocation.
    ///
    /// # Panics
    ///
    /// When it does not come so far; its output is in the message.
    pub async fn start(self) -> Function {
        self.try_start().await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// As [`Launch::start`], for tests of a start that is to fail.
    pub async fn try_start(self) -> Result<Function, StartError> {
        Function::try_start(self).await
    }

    /// What Lambda itself puts into the environment and the runtime asks for.
    pub(super) fn lambda_environment(&self) -> [(&'static str, &str); 6] {
        [
            ("AWS_LAMBDA_FUNCTION_NAME", &self.name),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "local"),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "local"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ]
    }
}
