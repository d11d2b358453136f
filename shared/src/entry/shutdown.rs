//! Closes the stores' connections before Lambda ends an instance.
//!
//! Lambda sends SIGTERM only to a function that has registered an extension, and kills it 500 ms later
//! (<https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-shutdown>).

use std::sync::Arc;

use crate::app::{App, Need};

/// Registers the extension and waits for SIGTERM in the background. A function without stores has nothing to close, and
/// starts faster without it.
pub(super) async fn close_on_sigterm(app: &Arc<App>, needs: &[Need]) {
    if needs.iter().any(|need| matches!(need, Need::PostgreSql | Need::Redis)) {
        let app = Arc::clone(app);
        lambda_runtime::spawn_graceful_shutdown_handler(|| async move { app.close().await }).await;
    }
}
