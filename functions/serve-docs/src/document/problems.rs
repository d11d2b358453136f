//! Problems: the one form of every error but those of the token endpoints.

use std::time::Duration;

use crosswalk::error::Fault;
use crosswalk::{Error, http};
use utoipa::openapi::{ComponentsBuilder, ObjectBuilder};

use super::contacts::{fault, gone, malformed, not_found};
use super::samples::parsed;
use super::shapes::{formatted, list, object, text, whole};

/// Everything that can go wrong, once.
fn all() -> Vec<Error> {
    let name = || "an example".to_owned();
    vec![
        malformed("an example"),
        fault("", "invalid", "is an example"),
        Error::TokenMissing,
        Error::TokenRefused("an example"),
        Error::ScopeMissing("contacts:read"),
        Error::SignatureRefused,
        not_found(),
        gone(),
        Error::ConnectionNotFound(name()),
        Error::RecordNotFound(name()),
        Error::WebhookNotFound(name()),
        Error::WebhookErased(parsed(super::samples::WEBHOOK)),
        Error::SyncFailureNotFound(name()),
        Error::VersionConflict { current: 3 },
        Error::PreconditionFailed { current: 3 },
        Error::PreconditionRequired,
        Error::BodyTooLarge { limit: 1 },
        Error::UnsupportedMediaType("an example"),
        Error::RateLimited { retry_after: Duration::from_secs(1) },
        Error::IdempotencyKeyReused,
        Error::IdempotencyKeyInFlight,
        Error::RouteNotFound,
        Error::MethodNotAllowed { allow: "GET".to_owned() },
        Error::unavailable("an example", "an example"),
        Error::internal("an example", "an example"),
    ]
}

/// Their schemas.
pub(super) fn describe(components: ComponentsBuilder) -> ComponentsBuilder {
    let whole_problem = within()
        .description(Some("What went wrong (RFC 9457)."))
        .property("instance", text("The path of the request."))
        .property("requestId", text("The name of the request in the log."))
        .required("instance")
        .required("requestId");
    let item = within().description(Some("What is wrong with an item of a batch."));
    components.schema("Problem", whole_problem).schema("ItemProblem", item).schema("Fault", object::<Fault>())
}

/// What a problem says of itself, wherever it stands.
fn within() -> ObjectBuilder {
    let mut codes: Vec<_> = all().iter().map(http::code).collect();
    codes.sort_unstable();
    let code = text("What went wrong, for programs.").enum_values(Some(codes));
    let faults = list("Fault").description(Some("Every fault of the body, with `invalid`."));
    ObjectBuilder::new()
        .property("type", formatted("uri", "The same as `code`, as a URI."))
        .property("title", text("What went wrong, for people."))
        .property("status", whole(400, "The status."))
        .property("detail", text("What went wrong this time, for people."))
        .property("code", code)
        .property("errors", faults)
        .property(
            "currentVersion",
            whole(1, "With `version-conflict` and `precondition-failed`: the version there is."),
        )
        .required("type")
        .required("title")
        .required("status")
        .required("detail")
        .required("code")
}
