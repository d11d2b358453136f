//! What came back.

use bytes::Bytes;
use lambda_http::Response;
use serde_json::Value;

/// An answer, and what a test wants of it.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers by name, in lower case.
    headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Bytes,
}

impl Answer {
    pub(super) fn of(response: Response<impl AsRef<[u8]>>) -> Self {
        let (parts, body) = response.into_parts();
        let header = |(name, value): (&lambda_http::http::HeaderName, &lambda_http::http::HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers.iter().map(header).collect(),
            body: Bytes::copy_from_slice(body.as_ref()),
        }
    }

    /// A header, empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The body as JSON; null if there is none.
    ///
    /// # Panics
    ///
    /// When the body is neither empty nor JSON.
    pub fn json(&self) -> Value {
        if self.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// The answer, if it has this status.
    ///
    /// # Panics
    ///
    /// When it has another.
    #[track_caller]
    #[expect(clippy::return_self_not_must_use, reason = "often the status is all a test wants")]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self
    }

    /// The contact's id.
    ///
    /// # Panics
    ///
    /// When the body is no contact.
    #[track_caller]
    pub fn id(&self) -> String {
        self.json()["id"].as_str().unwrap_or_else(|| panic!("no id: {self:?}")).to_owned()
    }

    /// The problem's code.
    ///
    /// # Panics
    ///
    /// When the answer is no whole problem (RFC 9457) that says the same as its status.
    #[track_caller]
    pub fn problem(&self) -> String {
        let problem = self.json();
        assert_eq!(self.header("content-type"), "application/problem+json", "{problem}");
        assert_eq!(problem["status"], self.status, "{problem}");
        for member in ["type", "title", "detail", "instance", "code", "requestId"] {
            assert!(problem[member].is_string(), "{member} is missing: {problem}");
        }
        assert_eq!(problem["requestId"], self.header("x-request-id"), "{problem}");
        problem["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The faults of a body, as pairs of pointer and code, sorted.
    ///
    /// # Panics
    ///
    /// When the answer lists none.
    #[track_caller]
    pub fn faults(&self) -> Vec<(String, String)> {
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_else(|| panic!("no errors: {self:?}"));
        let text = |fault: &Value, name: &str| fault[name].as_str().unwrap_or_default().to_owned();
        let mut faults: Vec<_> = errors.iter().map(|fault| (text(fault, "pointer"), text(fault, "code"))).collect();
        faults.sort();
        faults
    }
}
