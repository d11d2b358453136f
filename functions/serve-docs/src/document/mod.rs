//! The description of the API, by OpenAPI 3.1.
//!
//! Schemas are those of the types, with the bounds of reading them. Answers are real ones: the code that answers callers is
//! given samples, and what it makes of them stands here, with its status, its headers and its media type.

mod answer;
mod batches;
mod contacts;
mod headers;
mod history;
mod parameters;
mod problems;
mod records;
mod refusals;
mod route;
mod samples;
mod security;
mod service;
mod shapes;
mod sync;
mod tokens;
mod webhooks;

use utoipa::openapi::path::{PathItem, Paths, PathsBuilder};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Server};

use route::Route;

/// The groups of operations, in the order in which they are read.
const TAGS: [(&str, &str); 6] = [
    ("Tokens", "Getting in, and out again."),
    ("Contacts", "One at a time, in lists, in batches; and what happened to them."),
    ("Records", "Contacts in the form of a CRM."),
    ("Webhooks", "What a CRM tells, and what became of it."),
    ("Sync", "What does not come through to a CRM, and what both sides changed at once."),
    ("Service", "The service itself."),
];

/// The whole description.
pub(crate) fn document() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Crosswalk")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(include_str!("introduction.md")))
        .license(Some(LicenseBuilder::new().name("Apache 2.0").identifier(Some(env!("CARGO_PKG_LICENSE"))).build()));
    let tags = TAGS.map(|(name, description)| TagBuilder::new().name(name).description(Some(description)).build());
    OpenApiBuilder::new()
        .info(info.build())
        .servers(Some([Server::new("/")]))
        .tags(Some(tags))
        .paths(paths())
        .components(Some(components().build()))
        .build()
}

fn paths() -> Paths {
    let subjects = [
        tokens::routes(),
        contacts::routes(),
        batches::routes(),
        history::routes(),
        records::routes(),
        webhooks::routes(),
    ];
    let routes = subjects.into_iter().flatten().chain(sync::routes()).chain(service::routes());
    let place = |paths: PathsBuilder, route: Route| {
        let (path, method) = (route.path, route.method.clone());
        paths.path(path, PathItem::new(method, route.operation()))
    };
    routes.fold(PathsBuilder::new(), place).build()
}

fn components() -> ComponentsBuilder {
    let describe = [
        security::describe,
        parameters::describe,
        headers::describe,
        refusals::describe,
        problems::describe,
        tokens::describe,
        contacts::describe,
        batches::describe,
        history::describe,
        records::describe,
        webhooks::describe,
        sync::describe,
        service::describe,
    ];
    describe.into_iter().fold(ComponentsBuilder::new(), |components, describe| describe(components))
}
