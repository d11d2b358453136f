//! Refusals that many operations share.

use std::time::Duration;

use crosswalk::Error;
use utoipa::openapi::ComponentsBuilder;

use super::answer::{Answer, refused};
use super::{headers, samples};

/// A refusal that is described once: its name, and the errors it is for.
fn all() -> [(&'static str, Vec<Error>); 7] {
    [
        ("Unauthorized", vec![Error::TokenMissing, Error::TokenRefused("the token has expired")]),
        ("Forbidden", vec![Error::ScopeMissing("contacts:write")]),
        ("PayloadTooLarge", vec![Error::BodyTooLarge { limit: 262_144 }]),
        ("UnsupportedMediaType", vec![Error::UnsupportedMediaType("application/json")]),
        ("TooManyRequests", vec![Error::RateLimited { retry_after: Duration::from_secs(1) }]),
        ("InternalServerError", vec![Error::internal("answer", "an example")]),
        ("ServiceUnavailable", vec![Error::unavailable("PostgreSQL", "an example")]),
    ]
}

/// The name of the refusal that describes this error, if it is shared.
pub(super) fn shared(error: &Error) -> Option<&'static str> {
    let same = |known: &Error| std::mem::discriminant(known) == std::mem::discriminant(error);
    all().into_iter().find(|(_, errors)| errors.iter().any(same)).map(|(name, _)| name)
}

/// Describes all of them.
pub(super) fn describe(components: ComponentsBuilder) -> ComponentsBuilder {
    all().into_iter().fold(components, |components, (name, errors)| {
        let mut answer = Answer::default();
        for error in &errors {
            answer.refuse(error, &refused(error, &format!("/contacts/{}", samples::CONTACT)));
        }
        answer.headers(&[headers::REQUEST_ID]);
        if matches!(name, "Forbidden" | "TooManyRequests") {
            answer.headers(&headers::RATE);
        }
        components.response(name, answer.described())
    })
}
