//! A newcomer's tour of a running Crosswalk: each step asks for something, shows the answer, and checks it.

mod answer;
mod api;
mod both_ways;
mod contacts;
mod crm;
mod deletion;
mod events;
mod fault;
mod lists;
mod poison;
mod records;
mod report;
mod settings;
mod signatures;
mod smoke;
mod tenants;
mod tokens;
mod topic;
mod tour;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::{settings::Settings, tour::Tour};

/// Walks through a running Crosswalk, step by step, and checks what it sees.
///
/// It makes new contacts each time, so it can run any number of times. The last line says how many steps passed and
/// how many failed; the exit status is 0 when none failed.
#[derive(Parser)]
#[command(
    version,
    after_help = "Environment (written to .local/env by `make up`):\n  \
        CROSSWALK_URL                                                where the API answers\n  \
        CROSSWALK_CLIENT_ID, CROSSWALK_CLIENT_SECRET                 a client, with all scopes\n  \
        CROSSWALK_OTHER_CLIENT_ID, CROSSWALK_OTHER_CLIENT_SECRET     a client of another tenant\n  \
        CROSSWALK_CONNECTION                                         a connection of the client's tenant\n  \
        ACME_URL, ACME_USERNAME, ACME_PASSWORD                       the CRM, and the connection's account there\n  \
        KAFKA_BROKERS                                                where the events are published\n  \
        NO_COLOR                                                     if set, no colours on a terminal either\n\n\
        Example:\n  make up && . .local/env && target/debug/tour"
)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Checks a deployed stack from outside, and removes what it created
    ///
    /// It creates, reads and deletes a contact, and sends signed webhooks whose contact must appear and disappear. The
    /// last line says how many steps passed and how many failed; the exit status is 0 when none failed, and 2 when a
    /// setting is missing.
    #[command(after_help = "Environment:\n  \
        CROSSWALK_URL                                  where the API answers, unless --url is given\n  \
        CROSSWALK_CLIENT_ID, CROSSWALK_CLIENT_SECRET   a client with the scopes contacts:read and contacts:write\n  \
        CROSSWALK_CONNECTION                           a connection of the client's tenant\n  \
        CROSSWALK_WEBHOOK_SECRET                       `webhookSecret` in the connection's secret")]
    Smoke {
        /// The stack's output `ApiUrl`
        #[arg(long)]
        url: Option<String>,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // reqwest and whoever else speaks TLS share one provider.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    if let Some(Command::Smoke { url }) = CommandLine::parse().command {
        return match smoke::Settings::read(url) {
            Ok(settings) => smoke::run(settings).await,
            Err(error) => cannot_begin(&error),
        };
    }
    let settings = match Settings::from_environment() {
        Ok(settings) => settings,
        Err(error) => return cannot_begin(&error),
    };
    let mut tour = Tour::begin(settings).await;
    tour.step("Get an access token", tokens::get).await;
    tour.step("Create a contact", contacts::create).await;
    tour.step("Read it", contacts::read).await;
    tour.step("Read it again, from the cache", contacts::read_from_the_cache).await;
    tour.step("Change one field of it", contacts::patch).await;
    tour.step("Change a version that is no longer current", contacts::patch_a_stale_version).await;
    tour.step("Send a body with many faults", contacts::create_with_faults).await;
    tour.step("Send a batch with two faults in it", lists::send_a_batch).await;
    tour.step("List those it made, two at a time", lists::page_through).await;
    tour.step("Delete the contact", deletion::delete).await;
    tour.step("Restore it", deletion::restore).await;
    tour.step("Read its history", deletion::read_history).await;
    tour.step("Put a record in the CRM's form, and read it back", records::put_and_read_back).await;
    tour.step("Look for the contact as another tenant", tenants::look_across).await;
    tour.step("Read the contact's events from Kafka", events::read_back).await;
    tour.step("Log in at the CRM", crm::log_in).await;
    tour.step("Make a contact in the CRM, and find it here", both_ways::make_there).await;
    tour.step("Change it here, and find the change in the CRM", both_ways::change_here).await;
    tour.step("See that the change does not come back", both_ways::hear_no_echo).await;
    tour.step("Send webhooks that the CRM has not signed", signatures::forge).await;
    tour.step("Send a webhook that can't be worked", poison::park).await;
    tour.step("Mend its cause, and replay it", poison::mend_and_replay).await;
    tour.end()
}

fn cannot_begin(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("tour: {error}");
    ExitCode::from(2)
}
