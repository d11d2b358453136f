//! Headers of answers.

use lambda_http::http::HeaderName;
use serde_json::json;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::{ComponentsBuilder, ObjectBuilder, Type};

/// A header: its name, whether an answer that may have it always has it, an example, and what it says.
struct Documented(&'static str, bool, &'static str, &'static str);

pub(super) const RATE: [&str; 2] = ["RateLimit", "RateLimit-Policy"];
pub(super) const REQUEST_ID: &str = "X-Request-Id";

const HEADERS: &[Documented] = &[
    Documented("Cache-Control", true, "private, no-cache", "How long the answer may be kept, and by whom."),
    Documented("Content-Encoding", false, "gzip", "How the body was packed."),
    Documented("ETag", true, "\"1\"", "The version of what was answered, as If-Match and If-None-Match take it."),
    Documented("Idempotent-Replayed", false, "true", "The first answer with this Idempotency-Key is given again."),
    Documented("Location", true, "/contacts/019a2b6e-5f10-7c3a-9d41-6b8f2e0c7a15", "Where the new contact is."),
    Documented("Preference-Applied", false, "count=exact", "The preference that was followed (RFC 7240)."),
    Documented(
        RATE[0],
        false,
        "\"default\";r=199;t=1",
        "How many requests are left of the quota, and in how many seconds all of it is there again. Absent while nobody counts.",
    ),
    Documented(RATE[1], true, "\"default\";q=200;w=2", "The quota: so many requests in so many seconds."),
    Documented("Retry-After", true, "2", "In how many seconds to ask again."),
    Documented("Vary", true, "accept-encoding", "What the answer depends on besides the address."),
    Documented(
        "WWW-Authenticate",
        true,
        "Bearer realm=\"crosswalk\"",
        "How to show who is asking, and what was wrong with it.",
    ),
    Documented("X-Cache", true, "hit", "Whether the contact came from the cache: `hit` or `miss`."),
    Documented(REQUEST_ID, true, "8f14e45f-ceea-467f-a8c1-3e6bd1a2c790", "The name of this request in the log."),
];

/// The name under which a header of an answer is described. Those that every answer has for browsers are not: the
/// introduction speaks of them.
pub(super) fn documented(name: &HeaderName) -> Option<&'static str> {
    HEADERS.iter().map(|header| header.0).find(|documented| documented.eq_ignore_ascii_case(name.as_str()))
}

/// Describes all of them.
pub(super) fn describe(components: ComponentsBuilder) -> ComponentsBuilder {
    HEADERS.iter().fold(components, |components, Documented(name, always, example, description)| {
        let header = HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String)));
        let header = header.description(Some(*description)).example(Some(json!(example)));
        // The builder has no word for this.
        let required: Extensions = [("required", *always)].into_iter().collect();
        components.header(*name, header.extensions(Some(required)).build())
    })
}
