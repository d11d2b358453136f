//! What is measured, under the names that dashboards and alarms know.

use metrique_writer_core::Unit;
use metrique_writer_core::unit::{NegativeScale, PositiveScale};

/// Something that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Requests of a route.
    Requests,
    /// How long each took.
    Latency,
    /// Those that were refused, …
    ClientErrors,
    /// … and those that failed.
    ServerErrors,
    /// Contacts that were read from the cache, …
    CacheHits,
    /// … and from PostgreSQL instead.
    CacheMisses,
    /// Requests over their quota.
    RateLimited,
    /// Requests counted by their instance only, because Redis gave no answer.
    RateUnchecked,
    /// Contact events that the relay published to Kafka and marked as published.
    ContactEventsPublished,
    /// Webhook events that the relay published to Kafka and marked as published.
    WebhookEventsPublished,
    /// Events that the broker will never take.
    EventsParked,
    /// How old the oldest row is that waits for the relay.
    RelayLag,
    /// Records of an invocation.
    BatchSize,
    /// Invocations whose records are to come again.
    BatchesFailed,
    /// Webhooks and links that became dead, and records that were parked.
    DeadLetters,
    /// Bytes of webhook bodies and of answers for idempotency keys that were stored.
    StoredBytes,
    /// Calls to CRMs, …
    CrmCalls,
    /// … those that came to nothing, …
    CrmErrors,
    /// … and how long each took.
    CrmLatency,
    /// Secrets that could not be read again, so that their last value stays in use.
    SecretRefreshFailures,
    /// Rotations of a key or a password that failed.
    RotationFailures,
}

impl Measure {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Requests => "Requests",
            Self::Latency => "Latency",
            Self::ClientErrors => "ClientErrors",
            Self::ServerErrors => "ServerErrors",
            Self::CacheHits => "CacheHits",
            Self::CacheMisses => "CacheMisses",
            Self::RateLimited => "RateLimited",
            Self::RateUnchecked => "RateUnchecked",
            Self::ContactEventsPublished => "ContactEventsPublished",
            Self::WebhookEventsPublished => "WebhookEventsPublished",
            Self::EventsParked => "EventsParked",
            Self::RelayLag => "RelayLag",
            Self::BatchSize => "BatchSize",
            Self::BatchesFailed => "BatchesFailed",
            Self::DeadLetters => "DeadLetters",
            Self::StoredBytes => "StoredBytes",
            Self::CrmCalls => "CrmCalls",
            Self::CrmErrors => "CrmErrors",
            Self::CrmLatency => "CrmLatency",
            Self::SecretRefreshFailures => "SecretRefreshFailures",
            Self::RotationFailures => "RotationFailures",
        }
    }

    pub(super) fn unit(self) -> Unit {
        match self {
            Self::Latency | Self::RelayLag | Self::CrmLatency => Unit::Second(NegativeScale::Milli),
            Self::StoredBytes => Unit::Byte(PositiveScale::One),
            _ => Unit::Count,
        }
    }
}
