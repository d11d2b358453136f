//! What the description of the API says is what the functions do. Schemathesis makes requests of the description, good ones
//! and bad ones, sends them, and holds the answers against it.

use std::path::Path;
use std::time::Duration;

use support::account::Account;
use support::app::{Api, Served, Setup, TestApp};
use support::remote::record;
use tokio::process::Command;
use tokio::time::timeout;

/// Where the tools are, and what puts them there.
const TOOLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../.local/tools/conformance/bin");
const INSTALL: &str = "localstack/local.sh install tests";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_functions_do_what_the_description_says() {
    let test = generous().start().await;
    let api = test.api().await;
    let account = Account::connect(&api).await;
    let served = test.serve().await;
    let told = told(schemathesis(&served, &api, &account).await).await;
    // All phases ran, and had much to ask.
    for phase in ["Examples", "Coverage", "Fuzzing", "Stateful"] {
        assert!(told.contains(&format!("✅ {phase}")), "{phase}\n{told}");
    }
}

#[tokio::test]
async fn the_description_is_one() {
    let test = TestApp::start().await;
    let description = test.ask("GET", "/openapi.json").send().await.expect(200);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("openapi.json");
    std::fs::write(&path, &description.body).unwrap();
    let mut validator = tool("openapi-spec-validator");
    validator.args(["--schema", "3.1"]).arg(&path);
    told(validator).await;
}

/// What a tool says that has nothing to complain of.
async fn told(mut tool: Command) -> String {
    let output = timeout(Duration::from_mins(8), tool.kill_on_drop(true).output()).await.expect("the tool ends");
    let output = output.unwrap_or_else(|error| panic!("{TOOLS}: {error}. Run: {INSTALL}"));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    told
}

fn tool(name: &str) -> Command {
    Command::new(Path::new(TOOLS).join(name))
}

/// Quotas that nobody uses up.
fn generous() -> Setup {
    let rates = ["CROSSWALK_RATE_LIMIT", "CROSSWALK_WEBHOOK_RATE"];
    let setup = rates.into_iter().fold(Setup::default(), |setup, name| setup.setting(name, "100000/100000"));
    let tokens = ["CROSSWALK_TOKEN_RATE_PER_CLIENT", "CROSSWALK_TOKEN_RATE_PER_ADDRESS"];
    tokens.into_iter().fold(setup, |setup, name| setup.setting(name, "100000"))
}

/// The tool, told where everything is: a contact that is linked to a record, a webhook, a failure of the sync.
async fn schemathesis(served: &Served, api: &Api<'_>, account: &Account<'_>) -> Command {
    let contact = account.remote.put("ac_1", &record("ac_1")).await.expect(201).id();
    let (_, webhook) = account.remote.receive("ev_1", Some("ac_1")).await;
    api.test.execute("update links set state = 'failing', failure = 'no'").await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance");
    let page = api.test.ask("GET", "/docs").send().await.expect(200);
    let page = String::from_utf8_lossy(&page.body).into_owned();
    let asset = page.split("/docs/").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    let mut command = tool("schemathesis");
    // What it remembers of failures it is to keep elsewhere.
    command.current_dir(std::env::temp_dir()).arg("--config-file").arg(folder.join("schemathesis.toml"));
    command.arg("run").arg(format!("{}/openapi.json", served.url));
    command.env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONPATH", &folder).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("CLIENT_ID", &api.client.id).env("CLIENT_SECRET", api.client.secret.reveal());
    command.env("ACCESS_TOKEN", &api.token).env("WEBHOOK_SECRET", &account.secret);
    command.env("CONNECTION", &account.remote.connection).env("WEBHOOK", &webhook);
    command.env("ASSET", asset).env("FAILURE", format!("{}.{contact}", account.remote.connection));
    command
}
