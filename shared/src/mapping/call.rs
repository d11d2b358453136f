//! Requests to a CRM, as what they are: sending them is somebody else's work.

use serde_json::Value;

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What is asked for.
    pub verb: Verb,
    /// The path below the connection's address, with its parameters, ready for a URL.
    pub path: String,
    /// What is sent along, as JSON.
    pub body: Option<Value>,
}

/// The methods that CRMs use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the methods of HTTP have their meaning from RFC 9110")]
pub enum Verb {
    Get,
    Post,
    Patch,
    Delete,
}

/// What a CRM gives to those who log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// The token, for `Authorization: Bearer`.
    pub token: String,
    /// For how many seconds it is good.
    pub seconds: u64,
}

impl Call {
    /// A request without a body.
    pub fn new(verb: Verb, path: impl Into<String>) -> Self {
        Self { verb, path: path.into(), body: None }
    }

    /// The request with this to send along.
    #[must_use]
    pub fn with(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }
}
