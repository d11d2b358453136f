//! The command line: `acme-crm serve`.

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use acme_crm::{Running, Settings, Simulator, StartError, Webhook};
use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use tracing::{info, warn};
use tracing_subscriber::EnvFilter;

/// How often a Redis that is awaited is looked for.
const LOOK: Duration = Duration::from_millis(500);

/// A mock of `AcmeCRM`, a CRM that does not exist: contacts over REST behind a login, signed webhooks, faults on demand.
#[derive(Parser)]
#[command(
    version,
    after_help = "Example:\n  \
        acme-crm serve --redis-url redis://127.0.0.1:16380 \\\n    \
        --webhook-url http://127.0.0.1:19000/webhooks/cn_acmelocal --webhook-secret local-webhook-secret\n  \
        curl -X PUT http://127.0.0.1:19001/simulator/faults -d '{\"latencyMs\": 300}'"
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves one CRM until SIGINT or SIGTERM
    ///
    /// Waits until its Redis answers. A line of log for each request and each attempt to send a webhook goes to stderr,
    /// with ids and statuses but nothing personal; `RUST_LOG` sets how much is told.
    Serve(Serve),
}

#[derive(Args)]
struct Serve {
    /// Where it listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:19001")]
    listen: SocketAddr,
    /// The Redis that keeps records and webhooks still to be sent
    #[arg(long, value_name = "URL", env = "ACME_REDIS_URL", default_value = "redis://127.0.0.1:16380")]
    redis_url: String,
    /// Stands before every key, so that several CRMs can share a Redis
    #[arg(long, value_name = "TEXT", env = "ACME_PREFIX", default_value = "acme")]
    prefix: String,
    /// The name to log in with
    #[arg(long, value_name = "NAME", env = "ACME_USERNAME", default_value = "crosswalk")]
    username: String,
    /// The password to log in with
    #[arg(long, value_name = "TEXT", env = "ACME_PASSWORD", default_value = "crosswalk", hide_env_values = true)]
    password: String,
    /// Where changes are told; without it no webhooks are sent
    #[arg(long, value_name = "URL", env = "ACME_WEBHOOK_URL", requires = "webhook_secret")]
    webhook_url: Option<String>,
    /// What webhooks are signed with
    #[arg(long, value_name = "TEXT", env = "ACME_WEBHOOK_SECRET", hide_env_values = true)]
    webhook_secret: Option<String>,
    /// How many requests a second /contacts takes in the long run; more are answered 429
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    requests_per_second: u32,
    /// How many requests /contacts takes at once
    #[arg(long, value_name = "NUMBER", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..))]
    burst: u32,
    /// How long a token is good
    #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
    token_seconds: u64,
    /// How often a webhook is sent before it counts as failed
    #[arg(long, value_name = "NUMBER", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    webhook_tries: u32,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Serve(options) = CommandLine::parse().command;
    match serve(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("acme-crm: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(options: Serve) -> Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let end = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    tokio::pin!(end);

    let listen = options.listen;
    let settings = settings(options);
    let running = tokio::select! {
        started = start(&settings, listen) => started?,
        () = &mut end => return Ok(()),
    };
    info!(url = running.url(), webhooks = settings.webhook.is_some(), "the CRM is open");
    end.await;
    running.stop().await;
    info!("stopped");
    Ok(())
}

/// Starts as soon as Redis answers. Nobody is let in before.
async fn start(settings: &Settings, listen: SocketAddr) -> Result<Running> {
    let mut told = false;
    loop {
        let listener = TcpListener::bind(listen).await.with_context(|| format!("listen on {listen}"))?;
        match Simulator::start(settings.clone(), listener).await {
            Ok(running) => return Ok(running),
            Err(StartError::Redis(error)) if error.is_io_error() => {
                if !told {
                    warn!(%error, "waits until Redis answers");
                    told = true;
                }
                sleep(LOOK).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn settings(options: Serve) -> Settings {
    let mut settings = Settings::new(options.redis_url, options.prefix);
    settings.username = options.username;
    settings.password = options.password;
    settings.webhook = options.webhook_url.zip(options.webhook_secret).map(|(url, secret)| Webhook { url, secret });
    settings.requests_per_second = options.requests_per_second;
    settings.burst = options.burst;
    settings.token_seconds = options.token_seconds;
    settings.retry.tries = options.webhook_tries;
    settings
}
