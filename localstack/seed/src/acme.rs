//! The account at the local `AcmeCRM`. It is no secret: the CRM is a mock that listens on this machine alone.

use serde_json::{Value, json};

/// The name to log in with.
pub(crate) const USERNAME: &str = "crosswalk";

/// The password to log in with.
pub(crate) const PASSWORD: &str = "crosswalk";

/// What the CRM signs its webhooks with.
pub(crate) const WEBHOOK_SECRET: &str = "local-webhook-secret";

/// The connection's secret. A `previousWebhookSecret` would be good as well; the CRM never had another.
pub(crate) fn secret() -> Value {
    json!({"username": USERNAME, "password": PASSWORD, "webhookSecret": WEBHOOK_SECRET})
}
