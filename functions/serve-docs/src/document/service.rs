//! The service itself: its health, and this description.

use crosswalk::health::{Health, Reach};
use crosswalk::http::{self, File};
use crosswalk::{Error, Response};
use serde_json::json;
use utoipa::openapi::path::HttpMethod;
use utoipa::openapi::{ComponentsBuilder, ObjectBuilder, Type};

use super::route::Route;
use super::samples::request;
use super::shapes::{object, text, words};

/// Their operations.
pub(super) fn routes() -> Vec<Route> {
    let routes = vec![health(), description(), page(), asset()];
    routes.into_iter().map(|route| route.tag("Service")).collect()
}

fn health() -> Route {
    let health = |database| http::health(Health { database, redis: Reach::Up });
    Route::new(HttpMethod::Get, "/health", "check-health", "Ask whether the service works")
        .about("Asks PostgreSQL and Redis, and says which of them answers.")
        .answers("It works", "Health", &health(Reach::Up))
        .answers("It does not: PostgreSQL is away", "Health", &health(Reach::Down))
}

fn description() -> Route {
    Route::new(HttpMethod::Get, "/openapi.json", "serve-docs", "Read this description")
        .about("This description of the API, by OpenAPI 3.1.")
        .parameters(&["IfNoneMatch"])
        .answers("The description", "Description", &served("application/json", r#"{"openapi": "3.1.0"}"#))
        .answers("The caller has it", None, &not_modified())
        .refuses([bad_tags()])
}

fn page() -> Route {
    Route::new(HttpMethod::Get, "/docs", "serve-docs-page", "Read this description in a browser")
        .about("A page that shows this description and can try it out. It asks nobody else for anything.")
        .parameters(&["IfNoneMatch"])
        .answers("The page", "Text", &served("text/html; charset=utf-8", "<!doctype html>"))
        .answers("The caller has it", None, &not_modified())
        .refuses([bad_tags()])
}

fn asset() -> Route {
    Route::new(HttpMethod::Get, "/docs/{asset}", "serve-docs-asset", "Read a file of the page")
        .about("Scripts and styles of the page. Their names change with their content, so they may be kept for ever.")
        .names(&["Asset"])
        .parameters(&["IfNoneMatch"])
        .answers("The file", "Text", &served("text/css; charset=utf-8", "body {}"))
        .answers("The caller has it", None, &not_modified())
        .refuses([bad_tags(), Error::RouteNotFound])
}

/// Their schemas.
pub(super) fn describe(components: ComponentsBuilder) -> ComponentsBuilder {
    let mut health = object::<Health>();
    let status = words(["ok", "unavailable"], "Whether the service works.");
    health.properties.insert("status".to_owned(), utoipa::openapi::Schema::from(status).into());
    health.required.push("status".to_owned());
    let description = ObjectBuilder::new().property("openapi", text("The version of OpenAPI.")).required("openapi");
    components
        .schema("Health", health)
        .schema("Description", description)
        .schema("Text", ObjectBuilder::new().schema_type(Type::String))
}

fn bad_tags() -> Error {
    Error::Malformed("if-none-match is not a list of entity tags such as \"7\", nor *".to_owned())
}

fn served(media_type: &'static str, text: &'static str) -> Response {
    http::file(&request(), &File::new(media_type, text.as_bytes(), text.as_bytes())).expect("it has no preconditions")
}

fn not_modified() -> Response {
    use lambda_http::http::{HeaderValue, header::IF_NONE_MATCH};
    let mut request = request();
    request.headers_mut().insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
    http::file(&request, &File::new("text/plain", json!(null).to_string().into_bytes(), Vec::new()))
        .expect("it is a good tag")
}
