//! The command line: `triggers run`, `triggers router`, `triggers routes`.

use std::{
    collections::BTreeMap,
    error::Error,
    io::{self, IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use clap::{Args, Parser, Subcommand};
use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};
use tracing_subscriber::EnvFilter;
use triggers::{
    invoke::Invoker,
    mapping::{self, Mapping},
    origin::Origin,
    router, schedule,
    template::Template,
};
use url::Url;

/// Plays the parts of AWS around a SAM template's functions that `cargo lambda watch` leaves out.
///
/// `HttpApi` events become the routing table that `cargo lambda watch` reads, Schedule events are fired at their times,
/// and the topics of MSK and `SelfManagedKafka` events are polled. A function is called by the name of its binary: the last folder of its `CodeUri`, or
/// `Metadata.BuildProperties.Binary`.
#[derive(Parser)]
#[command(
    version,
    after_help = "Example:\n  \
        triggers router --template template.yaml > router.toml\n  \
        cargo lambda watch --global router.toml &\n  \
        triggers run --template template.yaml --endpoint http://127.0.0.1:9000 --brokers 127.0.0.1:9092"
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prints the routing table for `cargo lambda watch --global FILE`
    ///
    /// Methods and paths without a route go to the function whose `HttpApi` event has neither Path nor Method, which
    /// is API Gateway's $default route.
    Router(Source),
    /// Prints the routes: method, path, function
    Routes(Source),
    /// Fires the enabled Schedule events and polls the topics of the enabled Kafka events until SIGINT or SIGTERM
    ///
    /// Waits until the endpoint listens. A rate(…) then fires at once and then once each period, a cron(…) at its times
    /// in UTC. Of the ticks that fall while the function already runs as often as its `ReservedConcurrentExecutions`
    /// allows (1 if not set), one is fired when it ends. A failed invocation is tried again as `EventInvokeConfig` says,
    /// by default twice, after one and after two minutes.
    ///
    /// Records are handed over in batches of one partition, in order, and their offsets are committed when the batch has
    /// succeeded; until then it is tried again and again, unless the template sets a limit. At the end what is under way
    /// may take as long as the function's time-out says, and 15 s at most.
    ///
    /// Settings of the template that are not honoured are named at the start. One line of log per invocation goes to
    /// stderr; `RUST_LOG` sets how much is told.
    Run(Run),
}

#[derive(Args)]
struct Source {
    /// The SAM template, in YAML
    #[arg(long, value_name = "FILE", default_value = "template.yaml")]
    template: PathBuf,
    /// A value for one of the template's parameters, in place of its default; may be repeated
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = parameter)]
    parameters: Vec<(String, String)>,
}

#[derive(Args)]
struct Run {
    #[command(flatten)]
    source: Source,
    /// Where the functions are invoked: the address of `cargo lambda watch`, or of anything with Lambda's Invoke API
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9000")]
    endpoint: Url,
    /// The Kafka brokers, separated by commas; needed only if the template has MSK events
    #[arg(long, value_name = "HOST:PORT", env = "KAFKA_BROKERS")]
    brokers: Option<String>,
    /// The account that events name
    #[arg(long, value_name = "ID", default_value = "000000000000")]
    account: String,
    /// The region that events name
    #[arg(long, value_name = "NAME", env = "AWS_REGION", default_value = "us-east-1")]
    region: String,
}

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match CommandLine::parse().command {
        Command::Router(source) => print_router(&source),
        Command::Routes(source) => print_routes(&source),
        Command::Run(options) => run(options).await,
    };
    let Err(error) = outcome else {
        return ExitCode::SUCCESS;
    };
    eprintln!("triggers: {}", chain(error.as_ref()));
    ExitCode::FAILURE
}

fn print_router(source: &Source) -> Outcome {
    let template = read(source)?;
    let file = source.template.display();
    let table = router::toml(template.routes())?;
    print(&format!("# Made from {file} by `triggers router`: change it there.\n\n{table}"))
}

fn print_routes(source: &Source) -> Outcome {
    let template = read(source)?;
    let width = template.routes().iter().map(|route| route.path.len()).max().unwrap_or(0);
    let lines = template.routes().iter().map(|route| {
        let (method, path, function) = (route.method, &route.path, &route.function);
        format!("{method:<8}{path:<width$}  {function}\n")
    });
    print(&lines.collect::<String>())
}

async fn run(options: Run) -> Outcome {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        .init();
    let template = read(&options.source)?;
    for sentence in template.ignored() {
        warn!("{sentence}");
    }
    let mappings = Mapping::all(&template);
    if mappings.is_empty() && template.functions().values().all(|function| function.schedules().next().is_none()) {
        warn!("the template has no enabled Schedule, MSK or SelfManagedKafka event, so there is nothing to do");
    }
    let invoker = Invoker::new(options.endpoint)?;
    let origin = Origin { account: options.account, region: options.region };

    let ended = ended()?;
    let stop = async {
        let schedules = async {
            invoker.wait_until_reachable().await;
            schedule::run(&template, &invoker, &origin, Arc::new(Timestamp::now)).await;
            // Schedules may all have fired for the last time, or there are none; whoever started this also ends it.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = schedules => {}
            () = ended => {}
        }
    };
    mapping::run(mappings, &invoker, options.brokers.as_deref(), &origin, stop).await?;
    info!("stopped");
    Ok(())
}

/// SIGINT or SIGTERM.
fn ended() -> Outcome<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

fn read(source: &Source) -> Outcome<Template> {
    let given: BTreeMap<String, String> = source.parameters.iter().cloned().collect();
    Ok(Template::read_with(&source.template, &given)?)
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A reader that has seen enough, such as `head`, is no failure.
fn print(text: &str) -> Outcome {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text.push_str(": ");
        text.push_str(&source.to_string());
        cause = source.source();
    }
    text
}
