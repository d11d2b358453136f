//! How a function starts, and what every invocation has in common: configuration, telemetry, request id, and the turning of errors
//! into answers. A function's `main` is one call of this.

mod deployment;
mod event;
mod http;
mod shutdown;

use std::sync::Arc;

use crate::app::{App, Need};
use crate::config::Config;
use crate::error::Error;

pub use deployment::deploy;
pub use event::{EventHandler, event};
pub use http::{Handler, answer, http};

/// Reads the configuration and begins to open what the route needs, while the runtime starts beside it.
async fn start(needs: &'static [Need]) -> Result<Arc<App>, Error> {
    crate::telemetry::init();
    // Several libraries speak TLS; they share one provider, and nothing else may choose another.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let config = Config::from_env().map_err(|error| {
        tracing::error!(%error, "the configuration can't be read");
        Error::internal("read the configuration", error)
    })?;
    let app = Arc::new(App::new(config));
    // Before the stores are opened: that takes the only thread, and the runtime polls only once this has been answered.
    shutdown::close_on_sigterm(&app, needs).await;
    for need in needs {
        let app = Arc::clone(&app);
        tokio::spawn(async move { app.warm(*need).await });
    }
    Ok(app)
}
