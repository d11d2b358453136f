//! The binary, as a developer and a script use it.

use std::{fs, path::PathBuf, process::Stdio, time::Duration};

use tempfile::TempDir;
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    time::timeout,
};

const TEMPLATE: &str = "\
Parameters:
  Pace: {Type: String}
Resources:
  Read:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/read/
      Events: {Route: {Type: HttpApi, Properties: {Method: GET, Path: '/things/{id}'}}}
  Sweep:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: target/lambda/sweep/
      Events: {Tick: {Type: Schedule, Properties: {Schedule: !Ref Pace}}}
";

/// Long enough for a machine that is busy compiling.
const PATIENCE: Duration = Duration::from_secs(30);

struct Project {
    folder: TempDir,
}

impl Project {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("template.yaml"), TEMPLATE).expect("the template");
        Self { folder }
    }

    fn template(&self) -> PathBuf {
        self.folder.path().join("template.yaml")
    }

    fn triggers(&self, command: &str) -> Command {
        let mut process = Command::new(env!("CARGO_BIN_EXE_triggers"));
        process.arg(command).arg("--template").arg(self.template()).kill_on_drop(true);
        process.stdout(Stdio::piped()).stderr(Stdio::piped()).env_remove("RUST_LOG");
        process
    }
}

async fn output(mut process: Command) -> (bool, String, String) {
    let output = process.output().await.expect("the binary starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.success(), text(output.stdout), text(output.stderr))
}

async fn signal(child: &Child, signal: &str) {
    let id = child.id().expect("it runs").to_string();
    let status = Command::new("kill").args([signal, &id]).status().await.expect("kill");
    assert!(status.success());
}

/// The first connection that brings a request; the one before only looked whether anyone listens.
async fn invocation(listener: &TcpListener) -> TcpStream {
    loop {
        let (mut connection, _) = listener.accept().await.expect("a connection");
        if connection.read_u8().await.is_ok() {
            return connection;
        }
    }
}

#[tokio::test]
async fn routes_are_listed() {
    let project = Project::new();
    let mut routes = project.triggers("routes");
    routes.args(["--parameter", "Pace=rate(1 day)"]);
    let (success, stdout, _) = output(routes).await;
    assert!(success);
    assert_eq!(stdout, "GET     /things/{id}  read\n");
}

#[tokio::test]
async fn a_fault_of_the_template_is_a_message_and_a_status() {
    let (success, stdout, stderr) = output(Project::new().triggers("router")).await;
    assert!(!success);
    assert_eq!(stdout, "");
    assert_eq!(
        stderr,
        "triggers: Resources.Sweep.Properties.Events.Tick.Properties.Schedule refers to Pace, \
         which has no default; give it with --parameter Pace=VALUE\n"
    );
}

#[tokio::test]
async fn a_signal_ends_it_at_once_whatever_is_under_way() {
    for name in ["-TERM", "-INT"] {
        let project = Project::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("its address"));
        let mut run = project.triggers("run");
        run.args(["--parameter", "Pace=rate(1 minute)", "--endpoint", &endpoint]);
        let mut child = run.spawn().expect("the binary starts");

        let _under_way = timeout(PATIENCE, invocation(&listener)).await.expect("an invocation in time");
        signal(&child, name).await;

        let status = timeout(PATIENCE, child.wait()).await.expect("an end in time").expect("one");
        assert!(status.success(), "{name}: {status}");
        let mut log = String::new();
        let mut stderr = child.stderr.take().expect("piped");
        stderr.read_to_string(&mut log).await.expect("UTF-8");
        assert!(log.contains("stopped"), "{log}");
    }
}
