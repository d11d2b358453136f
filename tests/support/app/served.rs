//! The application behind a port of its own, for clients that speak HTTP.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use crosswalk::App;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{TestApp, routes};
use crate::gateway;

/// More than any body that is let in.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// A server; it ends with this.
pub struct Served {
    /// Where it is: `http://…`.
    pub url: String,
    server: JoinHandle<()>,
}

impl TestApp {
    /// Serves the application, as the gateway does.
    ///
    /// # Panics
    ///
    /// When no port is free.
    pub async fn serve(&self) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("no port: {error}"));
        let url = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&self.app));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it never ends by itself") });
        Served { url, server }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BYTES).await.unwrap_or_default();
    let route = routes::route(&parts.method, parts.uri.path());
    let event = gateway::event(&route, &Request::from_parts(parts, body)).to_string();
    let request = lambda_http::request::from_str(&event).unwrap_or_else(|error| panic!("no event: {error}"));
    routes::call(&app, &route, request).await.map(|body| Body::from(body.as_ref().to_vec()))
}
