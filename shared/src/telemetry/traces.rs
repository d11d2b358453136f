//! Where spans go: to an OpenTelemetry collector over OTLP and HTTP, if one is configured. They are kept until the end of the
//! invocation and sent before it returns, because nothing runs after that. A collector that is away or slow costs a request
//! no more than a moment, and the next ones nothing.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use opentelemetry::trace::{SpanKind, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::{
    Config, IdGenerator, RandomIdGenerator, SamplingDecision, SdkTracer, SdkTracerProvider, ShouldSample,
    Span as SdkSpan, SpanData, SpanExporter as _, SpanProcessor,
};

use crate::breaker::Breaker;

/// How long the collector, which is on the same machine, may take to have what an invocation has for it.
const PATIENCE: Duration = Duration::from_millis(200);

/// For how long one is left alone that did not.
const PAUSE: Duration = Duration::from_secs(30);

/// So many spans are kept; the relay may have a thousand of one batch.
const MOST: usize = 4096;

/// Where spans go, once it is known that there is a collector.
static TRACES: OnceLock<Traces> = OnceLock::new();

struct Traces {
    tracer: SdkTracer,
    sampler: Box<dyn ShouldSample>,
    exporter: SpanExporter,
    kept: Kept,
    breaker: Breaker,
}

/// Spans that have ended and were not sent yet.
#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Ended>>);

#[derive(Debug, Default)]
struct Ended {
    spans: Vec<SpanData>,
    lost: usize,
}

/// Begins to make spans, if OpenTelemetry's own variables name a collector.
/// <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>
pub(super) fn init() {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_disabled = std::env::var("OTEL_SDK_DISABLED").is_ok_and(|word| word.eq_ignore_ascii_case("true"));
    let has_collector = set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") || set("OTEL_EXPORTER_OTLP_ENDPOINT");
    if !has_collector || is_disabled || TRACES.get().is_some() {
        return;
    }
    match Traces::new() {
        Ok(traces) => drop(TRACES.set(traces)),
        Err(error) => tracing::error!(%error, "traces can't be exported"),
    }
}

/// The tracer, if spans are wanted.
pub(super) fn tracer() -> Option<&'static SdkTracer> {
    TRACES.get().map(|traces| &traces.tracer)
}

/// Whether our sampler keeps a trace that begins now; `None` without a collector. It decides by a trace id of its
/// own, for a caller could choose one that a ratio always keeps.
pub(super) fn samples() -> Option<bool> {
    let traces = TRACES.get()?;
    let id = RandomIdGenerator::default().new_trace_id();
    let result = traces.sampler.should_sample(None, id, "", &SpanKind::Server, &[], &[]);
    Some(result.decision == SamplingDecision::RecordAndSample)
}

/// Sends what has ended.
pub async fn flush() {
    if let Some(traces) = TRACES.get() {
        traces.flush().await;
    }
}

impl Traces {
    fn new() -> Result<Self, opentelemetry_otlp::ExporterBuildError> {
        let mut exporter =
            SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).with_timeout(PATIENCE).build()?;
        let resource = resource();
        exporter.set_resource(&resource);
        let kept = Kept::default();
        let provider = SdkTracerProvider::builder().with_resource(resource).with_span_processor(kept.clone()).build();
        let tracer = provider.tracer("crosswalk");
        // The one that OpenTelemetry's variables name.
        let sampler = Config::default().sampler;
        Ok(Self { tracer, sampler, exporter, kept, breaker: Breaker::new(PAUSE) })
    }

    async fn flush(&self) {
        if self.kept.lock().spans.is_empty() || self.breaker.is_open() {
            return;
        }
        let Ended { spans, lost } = std::mem::take(&mut *self.kept.lock());
        let sent = spans.len();
        let exported = tokio::time::timeout(PATIENCE, self.exporter.export(spans)).await;
        let lost = if matches!(exported, Ok(Ok(()))) {
            self.breaker.close();
            lost
        } else {
            self.breaker.trip();
            lost + sent
        };
        if lost > 0 {
            tracing::warn!(spans = lost, "spans were lost");
        }
    }
}

/// What is the same for all spans of this process. `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` have the last word.
fn resource() -> Resource {
    let function = std::env::var("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
    let named = std::env::var("OTEL_SERVICE_NAME").ok().filter(|name| !name.is_empty());
    // What comes later counts.
    let builder = Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attribute(KeyValue::new("faas.name", function.clone()))
        .with_service_name(function)
        .with_detector(Box::new(EnvResourceDetector::new()));
    if let Some(name) = named { builder.with_service_name(name).build() } else { builder.build() }
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Ended> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SpanProcessor for Kept {
    fn on_start(&self, _: &mut SdkSpan, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        let mut ended = self.lock();
        if ended.spans.len() < MOST {
            ended.spans.push(span);
        } else {
            ended.lost += 1;
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}
