//! `GET /health`

use crosswalk::{App, Request, Response, Result, health, http};

/// Answers what the instance reaches: 200 if it can serve, else 503.
pub async fn handle(app: &App, _: Request) -> Result<Response> {
    Ok(http::health(health::check(app).await))
}
