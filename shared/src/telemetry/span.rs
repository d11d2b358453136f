//! A part of a trace, from when it is made until it is dropped. Where no collector is configured it costs nothing, and
//! hands on the trace that it was given.

use std::borrow::Cow;

use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState,
    Tracer,
};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::trace::Span as SdkSpan;

use super::{TraceParent, traces};

/// A span.
#[derive(Debug)]
pub struct Span {
    span: Option<SdkSpan>,
    context: Option<TraceParent>,
}

impl Span {
    /// A request that is answered, in the trace of its caller, else of the platform. Anybody can be the caller, so
    /// its choice of what is sampled, and paid for, is not kept: with a collector our own sampler decides. Lambda has
    /// a trace for every request, and mostly does not sample it. That is X-Ray's choice; with a collector of our own
    /// it is ours to make.
    pub fn server(
        name: impl FnOnce() -> String,
        caller: Option<TraceParent>,
        platform: impl FnOnce() -> Option<TraceParent>,
    ) -> Self {
        let decided = |trace: &TraceParent| trace.is_sampled() || traces::tracer().is_none();
        let caller = caller.map(|caller| match traces::samples() {
            Some(is_sampled) => caller.sampled(is_sampled),
            None => caller,
        });
        Self::begin(SpanKind::Server, || name().into(), caller.or_else(|| platform().filter(decided)))
    }

    /// A call to somebody else.
    pub fn client(name: &'static str, parent: Option<TraceParent>) -> Self {
        Self::begin(SpanKind::Client, || name.into(), parent)
    }

    /// A record on its way to this topic.
    pub fn producer(topic: &str, parent: Option<TraceParent>) -> Self {
        Self::begin(SpanKind::Producer, || format!("publish {topic}").into(), parent)
            .messaging(topic, "publish", "send")
    }

    /// A record of this topic that is worked.
    pub fn consumer(topic: &str, parent: Option<TraceParent>) -> Self {
        Self::begin(SpanKind::Consumer, || format!("process {topic}").into(), parent)
            .messaging(topic, "process", "process")
    }

    /// What its children, here and elsewhere, have for a parent; without a collector that is its own parent.
    pub fn context(&self) -> Option<&TraceParent> {
        self.context.as_ref()
    }

    /// Whether there is a collector that it is for.
    pub(super) fn is_wanted(&self) -> bool {
        self.span.is_some()
    }

    /// Says something of it, under a name of OpenTelemetry's semantic conventions.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        if let Some(span) = &mut self.span {
            span.set_attribute(KeyValue::new(name, value));
        }
    }

    /// The same of several things, which are found out only where somebody wants to know.
    pub fn set_all<const N: usize>(&mut self, attributes: impl FnOnce() -> [(&'static str, Value); N]) {
        if let Some(span) = &mut self.span {
            span.set_attributes(attributes().map(|(name, value)| KeyValue::new(name, value)));
        }
    }

    /// Says that it failed, and of which kind that is: a word, or a status.
    pub fn fail(&mut self, kind: impl Into<Value>) {
        self.set("error.type", kind);
        if let Some(span) = &mut self.span {
            span.set_status(Status::error(""));
        }
    }

    fn begin(kind: SpanKind, name: impl FnOnce() -> Cow<'static, str>, parent: Option<TraceParent>) -> Self {
        let Some(tracer) = traces::tracer() else { return Self { span: None, context: parent } };
        let around = parent
            .as_ref()
            .map_or_else(Context::new, |parent| Context::new().with_remote_span_context(SpanContext::from(parent)));
        let span = tracer.build_with_context(SpanBuilder::from_name(name()).with_kind(kind), &around);
        let context = Some(TraceParent::from(span.span_context()));
        Self { span: Some(span), context }
    }

    /// <https://opentelemetry.io/docs/specs/semconv/messaging/kafka/>
    fn messaging(mut self, topic: &str, name: &'static str, kind: &'static str) -> Self {
        self.set_all(|| {
            [
                ("messaging.system", "kafka".into()),
                ("messaging.destination.name", topic.to_owned().into()),
                ("messaging.operation.name", name.into()),
                ("messaging.operation.type", kind.into()),
            ]
        });
        self
    }
}

impl From<&TraceParent> for SpanContext {
    fn from(parent: &TraceParent) -> Self {
        let trace = TraceId::from_hex(parent.trace_id()).unwrap_or(TraceId::INVALID);
        let span = SpanId::from_hex(parent.span_id()).unwrap_or(SpanId::INVALID);
        let flags = if parent.is_sampled() { TraceFlags::SAMPLED } else { TraceFlags::default() };
        Self::new(trace, span, flags, true, TraceState::NONE)
    }
}

impl From<&SpanContext> for TraceParent {
    fn from(context: &SpanContext) -> Self {
        Self::of(context.trace_id(), context.span_id(), context.is_sampled())
    }
}
