//! A mock of `AcmeCRM`, the fictional CRM that Crosswalk synchronises with.
//!
//! Nothing else of the system is simulated, so this has to be a believable CRM: contacts over REST behind a login, kept
//! in a Redis of its own; optimistic versions; a rate limit; and for each change a signed webhook, stored together with
//! the change and sent until it is taken. What goes wrong with CRMs can be made to go wrong here, by [`Faults`].
//!
//! The binary serves one; a test starts as many as it likes, each with a prefix of its own:
//!
//! ```no_run
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let crm = acme_crm::Simulator::start(acme_crm::Settings::new("redis://127.0.0.1:16380", "mine"), listener).await?;
//! println!("{}/contacts", crm.url());
//! crm.stop().await;
//! # Ok(())
//! # }
//! ```

mod contacts;
mod crm;
mod faults;
mod http;
mod limit;
mod problem;
mod random;
mod record;
mod settings;
mod simulator;
mod store;
mod time;
mod tokens;
mod webhooks;

pub use faults::Faults;
pub use settings::{Retry, Settings, Webhook};
pub use simulator::{Running, Simulator, StartError};
pub use webhooks::signature;
