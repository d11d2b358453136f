//! `GET /openapi.json`, `GET /docs` and the files of that page

mod document;
mod files;

use crosswalk::{App, Error, Request, Response, Result, http};
use lambda_http::RequestExt;

/// Answers the description of the API, the page that shows it, or a file of the page.
#[expect(clippy::unused_async, reason = "a handle is async")]
pub async fn handle(_: &App, request: Request) -> Result<Response> {
    let found = files::at(request.raw_http_path()).ok_or(Error::RouteNotFound)?;
    http::file(&request, found)
}
