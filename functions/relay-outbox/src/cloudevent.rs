//! A row as a CloudEvents 1.0 record in binary mode: the attributes are headers, the value is the data alone
//! (Kafka Protocol Binding for CloudEvents, section 3.2).

use crosswalk::db::outbox::Waiting;
use crosswalk::telemetry::TraceParent;
use rdkafka::message::{Header, OwnedHeaders};

use crate::outlet::Outlet;

/// The headers of a row's record, which is part of a trace.
pub fn headers(outlet: &Outlet, row: &Waiting, trace: Option<&TraceParent>) -> OwnedHeaders {
    let Outlet { event_source, event_type, .. } = outlet;
    let headers = OwnedHeaders::new_with_capacity(9);
    let headers = with(headers, "ce_specversion", "1.0");
    let headers = with(headers, "ce_id", &row.ce_id.to_string());
    let headers = with(headers, "ce_type", &format!("{event_type}.{}", row.kind));
    let headers = with(headers, "ce_source", event_source);
    let headers = with(headers, "ce_subject", &row.key);
    let headers = with(headers, "ce_time", &row.occurred_at.to_string());
    // An extension of ours: extension names are lower case and without punctuation.
    let headers = with(headers, "ce_tenantid", &row.tenant);
    let headers = with(headers, "content-type", "application/json");
    // The trace context's own name, without a prefix, is where Kafka instrumentation looks for it.
    trace.into_iter().fold(headers, |headers, trace| with(headers, "traceparent", trace.as_str()))
}

fn with(headers: OwnedHeaders, key: &str, value: &str) -> OwnedHeaders {
    headers.insert(Header { key, value: Some(value) })
}

#[cfg(test)]
mod tests {
    use super::headers;
    use crate::outlet::Outlet;
    use crosswalk::db::outbox::{CONTACT_EVENTS, Waiting};
    use crosswalk::telemetry::{Measure, TraceParent};
    use rdkafka::message::Headers;
    use uuid::Uuid;

    fn row(traceparent: Option<&str>) -> Waiting {
        Waiting {
            id: 7,
            ce_id: Uuid::from_u128(1),
            tenant: "tn_one".into(),
            key: "the contact".into(),
            kind: "updated".into(),
            occurred_at: jiff::Timestamp::from_microsecond(1_790_000_000_123_456).unwrap(),
            traceparent: traceparent.map(Into::into),
            value: "{}".into(),
            contact: None,
            turn: 0,
        }
    }

    fn shown(row: &Waiting) -> Vec<String> {
        let outlet = Outlet {
            source: &CONTACT_EVENTS,
            topic: "crosswalk.contacts".into(),
            event_source: "urn:crosswalk:contacts",
            event_type: "contact",
            published: Measure::ContactEventsPublished,
        };
        let text = |value: Option<&[u8]>| String::from_utf8(value.unwrap().to_vec()).unwrap();
        headers(&outlet, row, row.traceparent.as_deref().and_then(TraceParent::parse).as_ref())
            .iter()
            .map(|header| format!("{}: {}", header.key, text(header.value)))
            .collect()
    }

    #[test]
    fn the_attributes_are_headers() {
        assert_eq!(
            shown(&row(Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"))),
            [
                "ce_specversion: 1.0",
                "ce_id: 00000000-0000-0000-0000-000000000001",
                "ce_type: contact.updated",
                "ce_source: urn:crosswalk:contacts",
                "ce_subject: the contact",
                "ce_time: 2026-09-21T14:13:20.123456Z",
                "ce_tenantid: tn_one",
                "content-type: application/json",
                "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            ]
        );
    }

    #[test]
    fn without_a_trace_there_is_no_header_of_it() {
        assert!(!shown(&row(None)).iter().any(|header| header.starts_with("traceparent")));
    }
}
