//! An OpenTelemetry collector, as far as a test needs one: it takes spans over OTLP and HTTP, or fails to
//! (<https://opentelemetry.io/docs/specs/otlp/#otlphttp>).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How it takes what it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Manner {
    Takes,
    Fails,
    Hangs,
}

/// A collector. It ends when it is dropped.
pub struct Collector {
    url: String,
    heap: Arc<Heap>,
    server: JoinHandle<()>,
}

struct Heap {
    manner: Manner,
    requests: Mutex<usize>,
    spans: Mutex<Vec<Span>>,
}

/// A span that was sent. Ids are in hexadecimal digits; a root's parent is empty.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Span {
    pub service: String,
    pub name: String,
    pub kind: SpanKind,
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub attributes: BTreeMap<String, String>,
}

impl Collector {
    /// Starts one.
    ///
    /// # Panics
    ///
    /// When there is no port.
    pub async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("no port: {error}"));
        let url = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
        let heap = Arc::new(Heap { manner, requests: Mutex::default(), spans: Mutex::default() });
        let router = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&heap));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.expect("it never ends by itself") });
        Self { url, heap, server }
    }

    /// For `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// How often it was sent something.
    pub fn requests(&self) -> usize {
        *self.heap.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The spans of a trace.
    pub fn spans(&self, trace: &str) -> Vec<Span> {
        let spans = self.heap.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.iter().filter(|span| span.trace == trace).cloned().collect()
    }

    /// All spans of this name.
    pub fn named(&self, name: &str) -> Vec<Span> {
        let spans = self.heap.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.iter().filter(|span| span.name == name).cloned().collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn take(State(heap): State<Arc<Heap>>, body: Bytes) -> StatusCode {
    *heap.requests.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    match heap.manner {
        Manner::Hangs => pending().await,
        Manner::Fails => return StatusCode::INTERNAL_SERVER_ERROR,
        Manner::Takes => {}
    }
    let Ok(request) = ExportTraceServiceRequest::decode(body) else { return StatusCode::BAD_REQUEST };
    let mut spans = heap.spans.lock().unwrap_or_else(PoisonError::into_inner);
    for resource in request.resource_spans {
        let about = attributes(resource.resource.map(|resource| resource.attributes).unwrap_or_default());
        let service = about.get("service.name").cloned().unwrap_or_default();
        for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            spans.push(Span {
                service: service.clone(),
                kind: span.kind(),
                name: span.name,
                trace: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
                attributes: attributes(span.attributes),
            });
        }
    }
    StatusCode::OK
}

fn attributes(given: Vec<KeyValue>) -> BTreeMap<String, String> {
    given.into_iter().map(|KeyValue { key, value, .. }| (key, text(value))).collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(truth)) => truth.to_string(),
        _ => String::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
