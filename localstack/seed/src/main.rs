//! Fills the local services, and writes down how to reach them. Running it again changes nothing but what is missing:
//! client secrets and signing keys that still fit are kept.

mod acme;
mod files;
mod rows;
mod secrets;
mod services;
mod topics;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::Parser;
use crosswalk::App;
use crosswalk::config::{Config, Env};

use crate::services::Services;

/// How long a step may take.
const LIMIT: Duration = Duration::from_secs(45);

/// Fills the local services: schema, secrets, topics, two tenants with a client each, a connection to AcmeCRM.
#[derive(Debug, Parser)]
struct Arguments {
    /// Where the functions will answer
    #[arg(long, default_value = "http://127.0.0.1:19000")]
    url: String,
    /// Where the CRM will answer
    #[arg(long, default_value = "http://127.0.0.1:19001")]
    crm_url: String,
    /// The file for people and tests: addresses, client ids and secrets
    #[arg(long, default_value = ".local/env")]
    env: PathBuf,
    /// The file for the functions: names of secrets and settings
    #[arg(long, default_value = ".local/functions.env")]
    functions_env: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match seed(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("seed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn seed(arguments: &Arguments) -> Result<()> {
    let services = Services::from_environment()?;
    let functions = files::functions(&services);

    within("store the secrets in Secrets Manager", Box::pin(secrets::store(&services))).await?;
    let app = App::new(Config::read(&functions.iter().cloned().collect::<Env>())?);
    within("migrate the database", async {
        crosswalk::schema::migrate(&app).await.map_err(|error| anyhow!(error.chain()))
    })
    .await?;
    within("create the topics", topics::create(&services.kafka_brokers)).await?;
    // A secret that was given out stays good.
    let clients = rows::Clients::with_secrets(|name| files::read(&arguments.env, name));
    within("insert tenants, clients and a connection", rows::insert(&services, &clients, &arguments.crm_url)).await?;

    files::write(&arguments.functions_env, "", &functions)?;
    let people = files::people(&services, &clients, &arguments.url, &arguments.crm_url);
    files::write(&arguments.env, "export ", &people)?;
    Ok(())
}

/// A step, and what it was when it fails or takes too long: a service that accepts and then says nothing.
async fn within<T>(step: &'static str, work: impl Future<Output = Result<T>>) -> Result<T> {
    let worked = tokio::time::timeout(LIMIT, work).await;
    worked.map_err(|_| anyhow!("no answer within {} s", LIMIT.as_secs())).flatten().context(step)
}
