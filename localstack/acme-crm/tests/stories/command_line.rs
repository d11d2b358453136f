//! The binary, as a developer and a script use it.

use std::net::SocketAddr;
use std::process::{Output, Stdio};

use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::support::{Crm, PATIENCE, ada, eventually, settings};
use crate::support_receiver::Receiver;

const VARIABLES: [&str; 6] =
    ["ACME_REDIS_URL", "ACME_PREFIX", "ACME_USERNAME", "ACME_PASSWORD", "ACME_WEBHOOK_URL", "ACME_WEBHOOK_SECRET"];

/// The binary, without what the person who runs the tests has sourced.
fn acme_crm() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_acme-crm"));
    command.kill_on_drop(true).stdout(Stdio::piped()).stderr(Stdio::piped()).env_remove("RUST_LOG");
    for variable in VARIABLES {
        command.env_remove(variable);
    }
    command
}

async fn output(mut command: Command) -> Output {
    timeout(PATIENCE, command.output()).await.expect("an end in time").expect("the binary starts")
}

/// A port that nobody has now.
async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("its address")
}

async fn answers(client: &Client, address: SocketAddr) -> bool {
    client.get(format!("http://{address}/health")).send().await.is_ok_and(|answer| answer.status() == StatusCode::OK)
}

/// Ends it by a signal, and gives its log.
async fn ended(mut child: Child, signal: &str) -> String {
    let id = child.id().expect("it runs").to_string();
    assert!(Command::new("kill").args([signal, &id]).status().await.expect("kill").success());
    let status = timeout(PATIENCE, child.wait()).await.expect("an end in time").expect("a status");
    let mut log = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut log).await.expect("text");
    assert!(status.success(), "{status} {log}");
    log
}

#[tokio::test]
async fn it_serves_what_a_crm_in_the_process_serves_and_logs_nothing_personal() {
    let receiver = Receiver::open().await;
    // This one is here to log in, and to clean up.
    let crm = Crm::alone().await;
    let (address, webhook) = (free_address().await, receiver.webhook());
    let mut command = acme_crm();
    command.args(["serve", "--listen", &address.to_string(), "--redis-url", &crm.settings.redis_url]);
    command.args(["--prefix", &crm.settings.prefix, "--webhook-url", &webhook.url]);
    let child = command.env("ACME_WEBHOOK_SECRET", &webhook.secret).spawn().expect("the binary starts");
    let client = Client::builder().no_proxy().build().expect("a client");
    eventually("it answers", async || answers(&client, address).await).await;

    let contacts = format!("http://{address}/contacts");
    let made = client.post(&contacts).bearer_auth(crm.token()).json(&ada()).send().await.expect("an answer");
    let record: Value = made.json().await.expect("JSON");
    assert_eq!(receiver.received(1).await[0].body()["data"], record);
    let found = client.get(format!("{contacts}?email=ada@example.com")).bearer_auth(crm.token()).send().await;
    assert_eq!(found.expect("an answer").status(), StatusCode::OK);
    client.get(format!("http://{address}/health")).send().await.expect("an answer");

    let log = ended(child, "-TERM").await;
    let id = record["id"].as_str().expect("an id");
    assert!(log.contains("request") && log.contains("webhook") && log.contains(id) && log.contains("stopped"), "{log}");
    for personal in ["Ada", "Lovelace", "ada@", "crosswalk", &webhook.secret] {
        assert!(!log.contains(personal), "{personal} is in {log}");
    }
}

#[tokio::test]
async fn it_waits_for_its_redis_and_can_be_ended_meanwhile() {
    let (address, nobody) = (free_address().await, free_address().await);
    let mut command = acme_crm();
    command.args(["serve", "--listen", &address.to_string(), "--redis-url", &format!("redis://{nobody}")]);
    let mut child = command.spawn().expect("the binary starts");
    let mut log = String::new();
    let mut pipe = child.stderr.take().expect("a pipe");
    while !log.contains("waits until Redis answers") {
        let mut bytes = [0; 1024];
        let read = timeout(PATIENCE, pipe.read(&mut bytes)).await.expect("a line in time").expect("a pipe");
        assert!(read > 0, "{log}");
        log.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
    child.stderr = Some(pipe);
    ended(child, "-INT").await;
}

#[tokio::test]
async fn an_address_that_is_taken_is_a_message_and_a_status() {
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = taken.local_addr().expect("its address");
    let mut command = acme_crm();
    command.args(["serve", "--listen", &address.to_string(), "--redis-url", &settings().redis_url]);
    let output = output(command).await;
    let message = String::from_utf8(output.stderr).expect("text");
    assert!(!output.status.success());
    assert!(message.starts_with(&format!("acme-crm: listen on {address}: ")), "{message}");
}

#[tokio::test]
async fn the_help_names_every_setting() {
    let mut command = acme_crm();
    command.args(["serve", "--help"]);
    let help = String::from_utf8(output(command).await.stdout).expect("text");
    for variable in VARIABLES {
        assert!(help.contains(variable), "{variable} is not in {help}");
    }
}

#[tokio::test]
async fn a_webhook_url_wants_a_secret() {
    let mut command = acme_crm();
    command.args(["serve", "--webhook-url", "http://127.0.0.1:1"]);
    let output = output(command).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--webhook-secret"), "{output:?}");
}
