//! Where the rows of a source go, and as what.

use crosswalk::db::outbox::{self, Source};
use crosswalk::telemetry::Measure;

use crate::settings::Settings;

/// A source and its topic.
#[derive(Debug)]
pub struct Outlet {
    /// Whose rows.
    pub source: &'static Source,
    /// Where they are published.
    pub topic: String,
    /// `source` in CloudEvents: what the names of its events are unique in.
    pub event_source: &'static str,
    /// What stands before the kind of each event in its `type`.
    pub event_type: &'static str,
    /// Counts the events that were published. It is per topic, because an alarm compares it with the invocations of the
    /// topic's consumer.
    pub published: Measure,
}

impl Outlet {
    /// What happened to contacts.
    pub fn contacts(settings: &Settings) -> Self {
        Self {
            source: &outbox::CONTACT_EVENTS,
            topic: settings.contacts_topic.clone(),
            event_source: "urn:crosswalk:contacts",
            event_type: "contact",
            published: Measure::ContactEventsPublished,
        }
    }

    /// Webhooks as they came.
    pub fn webhooks(settings: &Settings) -> Self {
        Self {
            source: &outbox::WEBHOOK_EVENTS,
            topic: settings.webhooks_topic.clone(),
            event_source: "urn:crosswalk:webhooks",
            event_type: "webhook",
            published: Measure::WebhookEventsPublished,
        }
    }
}
