//! The W3C trace context that an invocation belongs to, and that its events and calls carry on.

use std::fmt::Display;

/// A `traceparent` (W3C Trace Context, section 3.2) that was checked: it is stored and sent on as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceParent(String);

impl TraceParent {
    /// Reads the header. Anything malformed is as good as none: a trace is never a reason to refuse a request.
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let sound = version == "00"
            && parts.next().is_none()
            && is_hex(trace, 32)
            && is_hex(span, 16)
            && is_hex(flags, 2)
            && trace.bytes().any(|byte| byte != b'0')
            && span.bytes().any(|byte| byte != b'0');
        sound.then(|| Self(header.to_owned()))
    }

    /// Reads Lambda's own header, `Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=<0 or 1>`: a trace id of X-Ray's is one of
    /// the standard's with hyphens (<https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html>).
    pub fn from_xray(header: &str) -> Option<Self> {
        let field = |name: &str| header.split(';').find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='));
        let mut root = field("Root")?.splitn(3, '-');
        let (Some("1"), Some(time), Some(rest)) = (root.next(), root.next(), root.next()) else { return None };
        let sampled = if field("Sampled") == Some("1") { "01" } else { "00" };
        Self::parse(&format!("00-{time}{rest}-{}-{sampled}", field("Parent")?))
    }

    /// The header's value.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id that joins all spans of the trace.
    pub fn trace_id(&self) -> &str {
        &self.0[3..35]
    }

    /// The span that is the parent of what follows.
    pub(super) fn span_id(&self) -> &str {
        &self.0[36..52]
    }

    /// Whether the spans of the trace are kept.
    pub(super) fn is_sampled(&self) -> bool {
        self.0
            .bytes()
            .last()
            .is_some_and(|digit| matches!(digit, b'1' | b'3' | b'5' | b'7' | b'9' | b'b' | b'd' | b'f'))
    }

    /// The same with another decision on whether the spans of the trace are kept.
    pub(super) fn sampled(&self, is_sampled: bool) -> Self {
        Self::of(self.trace_id(), self.span_id(), is_sampled)
    }

    /// The context of a span; the ids show themselves in hexadecimal digits.
    pub(super) fn of(trace: impl Display, span: impl Display, is_sampled: bool) -> Self {
        Self(format!("00-{trace}-{span}-{:02x}", u8::from(is_sampled)))
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::TraceParent;

    #[test]
    fn the_standards_example_is_read() {
        let parsed = TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        assert_eq!(parsed.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    }

    #[test]
    fn a_trace_of_lambdas_is_read() {
        let read = |header: &str| TraceParent::from_xray(header).map(|it| it.as_str().to_owned());
        assert_eq!(
            read("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:0").as_deref(),
            Some("00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01")
        );
        let unsampled = read("Sampled=0; Parent=53995c3f42cd8ad8; Root=1-5759e988-bd862e3fe1be46a994272793").unwrap();
        assert!(unsampled.ends_with("-00"));
        for header in ["", "Root=1-5759e988-bd862e3fe1be46a994272793", "Root=2-5759e988-x;Parent=53995c3f42cd8ad8"] {
            assert_eq!(read(header), None, "{header}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        for header in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ] {
            assert_eq!(TraceParent::parse(header), None, "{header}");
        }
    }
}
