//! What is known of a request besides the request itself, and what its answer must carry whatever becomes of it.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use lambda_http::RequestExt;
use lambda_http::http::HeaderMap;
use lambda_http::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use lambda_http::request::RequestContext;

use super::Request;
use crate::rate::{Decision, Limit};
use crate::source::Source;
use crate::telemetry::{Span, TraceParent};

/// Answers are for programs. Should a browser come upon one, it is to take it for nothing else, and to come by TLS alone
/// (<https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers>).
const FOR_BROWSERS: [(HeaderName, &str); 3] = [
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// One request and its answer.
#[derive(Debug)]
pub struct Exchange {
    /// The id that the platform gave the request: in the log, in `X-Request-Id`, in every problem.
    pub request_id: String,
    /// The request's path, as it was sent.
    pub path: String,
    /// Its method.
    pub method: String,
    /// The route that led here, as the template has it: `GET /contacts/{id}`. Paths may hold what is not to be logged.
    pub route: Option<String>,
    /// The trace that it belongs to.
    pub traceparent: Option<TraceParent>,
    /// Where it came from, as the gateway saw it.
    pub source: Source,
    noted: Mutex<Noted>,
}

#[derive(Debug, Default, Clone)]
struct Noted {
    tenant: Option<String>,
    client: Option<String>,
    rate: Option<Decision>,
}

impl Exchange {
    /// Reads what a request brings, and leaves itself with it for those who handle it. What comes of the request belongs to
    /// its span.
    pub fn begin(request: &mut Request) -> (Arc<Self>, Span) {
        let mut exchange = Self::without_span(request);
        let span = span(request, &exchange.request_id, exchange.route.as_deref());
        exchange.traceparent = span.context().cloned();
        let exchange = Arc::new(exchange);
        request.extensions_mut().insert(Arc::clone(&exchange));
        (exchange, span)
    }

    /// The exchange of a request that belongs to no trace, such as an example that nobody has sent.
    pub fn without_span(request: &Request) -> Self {
        Self {
            request_id: request_id(request),
            path: request.raw_http_path().to_owned(),
            method: request.method().to_string(),
            route: route(request),
            traceparent: None,
            source: source(request),
            noted: Mutex::default(),
        }
    }

    /// The exchange that a request belongs to.
    pub(super) fn of(request: &Request) -> Option<&Arc<Self>> {
        request.extensions().get()
    }

    /// The id that joins all that belongs to its trace.
    pub fn trace_id(&self) -> Option<&str> {
        self.traceparent.as_ref().map(TraceParent::trace_id)
    }

    /// Notes who is calling.
    pub(super) fn note_caller(&self, tenant: &str, client: &str) {
        let mut noted = self.lock();
        noted.tenant = Some(tenant.to_owned());
        noted.client = Some(client.to_owned());
    }

    /// Notes which client the request says it is from, before that is known to be true.
    pub(super) fn note_client(&self, client: &str) {
        self.lock().client = Some(client.to_owned());
    }

    /// Notes what the answer must say of the quota.
    pub(super) fn note_rate(&self, decision: Decision) {
        self.lock().rate = Some(decision);
    }

    /// Whether a client shows its secret here: the answers have RFC 6749's form.
    pub fn is_login(&self) -> bool {
        self.path.starts_with("/oauth/")
    }

    /// The limit of the caller's quota, once admission has applied it.
    pub(super) fn limit(&self) -> Option<Limit> {
        self.lock().rate.map(|decision| decision.limit)
    }

    /// The tenant and the client, once they are known.
    pub fn caller(&self) -> (Option<String>, Option<String>) {
        let noted = self.lock().clone();
        (noted.tenant, noted.client)
    }

    /// Adds the headers that every answer of this exchange carries.
    pub fn finish(&self, headers: &mut HeaderMap) {
        // What is made for browsers says itself what it needs.
        for (name, value) in FOR_BROWSERS {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        let mut set = |name: &'static str, value: String| {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        };
        set("x-request-id", self.request_id.clone());
        // draft-ietf-httpapi-ratelimit-headers. While Redis gives no answer they say what this instance counted.
        if let Some(Decision { limit, remaining, reset, .. }) = self.lock().rate {
            let window = limit.window().as_secs_f64().ceil().max(1.0);
            set("ratelimit-policy", format!("\"default\";q={};w={window}", limit.burst()));
            set("ratelimit", format!("\"default\";r={remaining};t={}", reset.as_secs_f64().ceil()));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Where the request came from, as the gateway saw it.
pub(super) fn source(request: &Request) -> Source {
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else { return Source::Unknown };
    let address: Option<IpAddr> = context.http.source_ip.as_deref().and_then(|text| text.parse().ok());
    Source::of(address)
}

fn route(request: &Request) -> Option<String> {
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else { return None };
    context.route_key.clone()
}

/// <https://opentelemetry.io/docs/specs/semconv/http/http-spans/>
fn span(request: &Request, request_id: &str, route: Option<&str>) -> Span {
    let method = || request.method().as_str().to_owned();
    let path = route.and_then(|route| Some(route.split_once(' ')?.1));
    let mut span = Span::server(|| route.map_or_else(method, str::to_owned), traceparent(request), || xray(request));
    span.set_all(|| [("http.request.method", method().into()), ("faas.invocation_id", request_id.to_owned().into())]);
    if let Some(path) = path {
        span.set_all(|| [("http.route", path.to_owned().into())]);
    }
    span
}

/// The caller's trace.
fn traceparent(request: &Request) -> Option<TraceParent> {
    TraceParent::parse(request.headers().get("traceparent")?.to_str().ok()?)
}

/// Lambda's.
fn xray(request: &Request) -> Option<TraceParent> {
    TraceParent::from_xray(request.lambda_context_ref()?.xray_trace_id.as_deref()?)
}

fn request_id(request: &Request) -> String {
    let lambda = request.lambda_context_ref().map(|context| context.request_id.clone());
    lambda.filter(|id| !id.is_empty()).unwrap_or_else(|| uuid::Uuid::now_v7().to_string())
}
