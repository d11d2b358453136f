//! `$default`: every request that no other route takes.

mod routes;

use crosswalk::{App, Error, Request, Response, Result};
use lambda_http::RequestExt;

/// Refuses: 405 with `Allow` if the path has routes with other methods, else 404.
#[expect(clippy::unused_async, reason = "a handle is async")]
pub async fn handle(_: &App, request: Request) -> Result<Response> {
    let methods = routes::methods_of(request.raw_http_path());
    if methods.is_empty() {
        return Err(Error::RouteNotFound);
    }
    Err(Error::MethodNotAllowed { allow: methods.join(", ") })
}
