//! Files that are the same for everybody. Who has one asks by its tag whether it is still so.

use std::borrow::Cow;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lambda_http::Body;
use lambda_http::http::StatusCode;
use lambda_http::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, VARY,
};
use lambda_http::http::response::Builder;

use super::conditional::has;
use super::responses::finish;
use super::{Request, Response};
use crate::error::Result;

/// A file, in two encodings.
#[derive(Debug, Clone)]
pub struct File {
    /// What names its content.
    pub tag: String,
    media_type: &'static str,
    plain: Cow<'static, [u8]>,
    gzipped: Cow<'static, [u8]>,
    cache: &'static str,
    policy: Option<&'static str>,
}

impl File {
    /// A file that is asked for again each time.
    pub fn new(
        media_type: &'static str,
        plain: impl Into<Cow<'static, [u8]>>,
        gzipped: impl Into<Cow<'static, [u8]>>,
    ) -> Self {
        let (plain, gzipped) = (plain.into(), gzipped.into());
        let sum = digest(&SHA256, &plain);
        let tag = URL_SAFE_NO_PAD.encode(&sum.as_ref()[..12]);
        Self { tag, media_type, plain, gzipped, cache: "no-cache", policy: None }
    }

    /// The address names the content, so what was got from it once is good for ever.
    #[must_use]
    pub fn immutable(self) -> Self {
        Self { cache: "public, max-age=31536000, immutable", ..self }
    }

    /// A page may do this and no more (`Content-Security-Policy`).
    #[must_use]
    pub fn allowing(self, policy: &'static str) -> Self {
        Self { policy: Some(policy), ..self }
    }
}

/// The file, packed if the caller can unpack it; 304 if the caller has it already.
pub fn file(request: &Request, file: &File) -> Result<Response> {
    // The encodings are one file, so the tag is a weak one.
    let mut builder = Builder::new()
        .header(ETAG, format!("W/\"{}\"", file.tag))
        .header(CACHE_CONTROL, file.cache)
        .header(VARY, "accept-encoding");
    if let Some(policy) = file.policy {
        builder = builder.header(CONTENT_SECURITY_POLICY, policy);
    }
    if has(request, &file.tag)? {
        return Ok(finish(builder.status(StatusCode::NOT_MODIFIED).body(Body::Empty)));
    }
    builder = builder.header(CONTENT_TYPE, file.media_type);
    let content = if takes_gzip(request) {
        builder = builder.header(CONTENT_ENCODING, "gzip");
        &file.gzipped
    } else {
        &file.plain
    };
    Ok(finish(builder.body(Body::Binary(content.to_vec()))))
}

/// Whether `Accept-Encoding` names gzip, and not to refuse it (RFC 9110, section 12.5.3).
fn takes_gzip(request: &Request) -> bool {
    let values = request.headers().get_all(ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse().ok()).unwrap_or(1.0);
        name.trim().eq_ignore_ascii_case("gzip") && weight > 0.0
    })
}
